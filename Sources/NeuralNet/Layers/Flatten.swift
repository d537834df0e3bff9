public import TensorCore

/// Joins axes: all after the first, `[64, 1, 28, 28]` to `[64, 784]`, where nothing else is said.
public final class Flatten: Module, Layer {
  private let (first, last): (Int, Int)

  /// Joins the axes from `first` to `last`, both included; negative ones count from the end.
  public init(from first: Int = 1, to last: Int = -1) { (self.first, self.last) = (first, last) }

  /// `input` with these axes joined.
  public func forward(_ input: Tensor) -> Tensor { input.flattened(from: first, to: last) }
}

/// Cuts one axis into several: the reverse of `Flatten`.
public final class Unflatten: Module, Layer {
  private let axis: Int
  private let sizes: Shape

  /// Axis `axis`, which may count from the end, becomes axes of `sizes`; one of them may be -1 and
  /// follows from the others.
  public init(_ axis: Int, _ sizes: Shape) { (self.axis, self.sizes) = (axis, sizes) }

  /// `input` with this axis cut.
  public func forward(_ input: Tensor) -> Tensor {
    let axis = input.shape.axis(axis, "Unflatten")
    return input.reshaped(
      Shape(Array(input.shape[..<axis]) + Array(sizes) + Array(input.shape[(axis + 1)...])))
  }
}
