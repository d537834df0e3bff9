import Diagnostics
public import TensorCore

/// Joins axes: all after the first, `[64, 1, 28, 28]` to `[64, 784]`, where nothing else is said.
public final class Flatten: Module, Layer {
  private let (first, last): (Int, Int)

  /// Joins the axes from `first` to `last`, both included; negative ones count from the end.
  public init(from first: Int = 1, to last: Int = -1) { (self.first, self.last) = (first, last) }

  /// `input` with these axes joined; a view where its strides can express that, else a copy.
  public func forward(_ input: Tensor) -> Tensor { input.flattened(from: first, to: last) }
}

/// Cuts one axis into several: the reverse of `Flatten`.
public final class Unflatten: Module, Layer {
  private let axis: Int
  private let sizes: Shape

  /// Axis `axis`, which may count from the end, becomes axes of `sizes`; one of them may be -1 and
  /// follows from the others. Stops for other negative sizes, and without any.
  public init(_ axis: Int, _ sizes: Shape) {
    check(
      !sizes.isEmpty && sizes.allSatisfy { $0 >= -1 } && sizes.count { $0 == -1 } <= 1,
      "Unflatten: sizes \(sizes); there must be some, 0 or more, and one of them may be -1")
    (self.axis, self.sizes) = (axis, sizes)
  }

  /// `input` with this axis cut; a view. Stops where the sizes do not make up the axis.
  public func forward(_ input: Tensor) -> Tensor {
    let axis = input.shape.axis(axis, "Unflatten")
    let size = input.shape[axis]
    // -1 follows from this axis alone: another one may be empty.
    let known = sizes.reduce(1) { $1 == -1 ? $0 : $0 * $1 }
    let isOpen = sizes.contains(-1)
    check(
      isOpen ? known > 0 && size % known == 0 : known == size,
      "Unflatten: axis \(axis) of an input of shape \(input.shape) cannot be cut into \(sizes)")
    let parts = sizes.map { $0 == -1 ? size / known : $0 }
    return input.reshaped(
      Shape(Array(input.shape[..<axis]) + parts + Array(input.shape[(axis + 1)...])))
  }
}
