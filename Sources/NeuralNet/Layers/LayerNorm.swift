import Diagnostics
public import TensorCore

/// Layer normalisation over the last axes; see `layerNorm`.
public final class LayerNorm: Module, Layer {
  /// What the result is multiplied by, of the normalised shape; nil without `affine`.
  public let weight: Tensor?
  /// What is added to the result, of the normalised shape; nil without `affine` or `bias`.
  public let bias: Tensor?
  private let shape: Shape
  private let epsilon: Float

  /// True: a converted model keeps the parameters of its norms in float32.
  public override var keepsFloat32: Bool { true }

  /// Over the last axes, which must have the shape `shape`; weights are 1 and biases 0 at first.
  /// Stops unless `epsilon` is positive.
  public init(_ shape: Shape, epsilon: Float = 1e-5, affine: Bool = true, bias: Bool = true) {
    requireNormalized("LayerNorm", shape, epsilon)
    self.shape = shape
    self.epsilon = epsilon
    weight = affine ? .ones(shape).asParameter() : nil
    self.bias = affine && bias ? .zeros(shape).asParameter() : nil
  }

  /// Over the last axis, which must have `size` elements.
  public convenience init(
    _ size: Int, epsilon: Float = 1e-5, affine: Bool = true, bias: Bool = true
  ) {
    self.init([size], epsilon: epsilon, affine: affine, bias: bias)
  }

  /// `input`, normalised, in a new tensor of the same shape. Stops where its last axes have other
  /// sizes.
  public func forward(_ input: Tensor) -> Tensor {
    layerNorm(input, shape, weight: weight, bias: bias, epsilon: epsilon)
  }
}

/// RMS normalisation over the last axes; see `rmsNorm`.
public final class RMSNorm: Module, Layer {
  /// What the result is multiplied by, of the normalised shape; nil without `affine`.
  public let weight: Tensor?
  private let shape: Shape
  private let epsilon: Float

  /// True: a converted model keeps the parameters of its norms in float32.
  public override var keepsFloat32: Bool { true }

  /// Over the last axes, which must have the shape `shape`; weights are 1 at first. Stops unless
  /// `epsilon` is positive.
  public init(_ shape: Shape, epsilon: Float = .ulpOfOne, affine: Bool = true) {
    requireNormalized("RMSNorm", shape, epsilon)
    self.shape = shape
    self.epsilon = epsilon
    weight = affine ? .ones(shape).asParameter() : nil
  }

  /// Over the last axis, which must have `size` elements.
  public convenience init(_ size: Int, epsilon: Float = .ulpOfOne, affine: Bool = true) {
    self.init([size], epsilon: epsilon, affine: affine)
  }

  /// `input`, normalised, in a new tensor of the same shape. Stops where its last axes have other
  /// sizes.
  public func forward(_ input: Tensor) -> Tensor {
    rmsNorm(input, shape, weight: weight, epsilon: epsilon)
  }
}

private func requireNormalized(_ name: StaticString, _ shape: Shape, _ epsilon: Float) {
  requireEpsilon("\(name)", epsilon)
  check(
    !shape.isEmpty && shape.allSatisfy { $0 > 0 },
    "\(name): the normalised shape \(shape); it needs axes, and positive sizes")
}

/// Stops unless the squares that a norm divides by stay above 0 by `epsilon`.
func requireEpsilon(_ name: String, _ epsilon: Float) {
  check(
    epsilon > 0 && epsilon.isFinite, "\(name): epsilon \(epsilon) is not positive, or not finite")
}
