public import TensorCore

extension Tensor {
  /// This tensor, marked as to be trained: `let gain = Tensor.ones([128]).asParameter()`.
  public func asParameter() -> Tensor {
    requiresGrad = true
    return self
  }

  /// A parameter of uniform values in ±`bound`.
  static func uniformParameter(
    _ shape: Shape, within bound: Float, _ generator: Generator
  ) -> Tensor {
    .uniform(shape, in: -bound...bound, generator: generator).asParameter()
  }
}

/// 1 / √`fan`, the bound of PyTorch's default for layers with `fan` inputs: that of
/// `kaimingUniform` after a leaky ReLU of slope √5; 0 without inputs.
func uniformBound(_ fan: Int) -> Float { fan == 0 ? 0 : 1 / Float(fan).squareRoot() }
