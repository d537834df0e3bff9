import Diagnostics
public import TensorCore

/// `y = x W^T + b` on the last axis: `[..., inputs]` to `[..., outputs]`.
public final class Linear: Module, Layer {
  /// `[outputs, inputs]`.
  public let weight: Tensor
  /// `[outputs]`, or nil.
  public let bias: Tensor?

  /// Weights and biases are uniform in ±1/√inputs, as in PyTorch.
  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, generator: Generator = .default) {
    check(
      inputs > 0 && outputs > 0,
      "Linear: \(inputs) inputs and \(outputs) outputs; both must be positive")
    let bound = 1 / Float(inputs).squareRoot()
    weight = .uniform([outputs, inputs], in: -bound...bound, generator: generator)
    self.bias = bias ? .uniform([outputs], in: -bound...bound, generator: generator) : nil
    weight.requiresGrad = true
    self.bias?.requiresGrad = true
  }

  /// `input W^T + b`.
  public func forward(_ input: Tensor) -> Tensor { linear(input, weight, bias) }
}
