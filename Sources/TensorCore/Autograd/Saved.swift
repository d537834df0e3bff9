import Diagnostics
import Elements

/// A tensor kept for a gradient, and the version its storage had then.
///
/// It is kept without its place in the graph: otherwise an operation that keeps its own result
/// would own itself, and a long chain could not be taken apart without recursion.
package struct Saved {
  private let storage: Storage
  /// The type of the tensor.
  let dtype: DType
  private let shape: Shape
  private let strides: Shape
  private let offset: Int
  private let version: UInt32

  package init(_ tensor: Tensor) {
    storage = tensor.storage
    dtype = tensor.dtype
    shape = tensor.shape
    strides = tensor.strides
    offset = tensor.offset
    version = tensor.storage.version
  }

  /// The tensor. Stops if its memory was changed since it was kept.
  package var value: Tensor {
    check(
      storage.version == version,
      """
      backward: \(BackwardPass.current?.name ?? "an operation"): a value of shape \(shape) that its \
      gradient needs was changed in place by \(storage.lastWriter) (version \(storage.version), \
      expected \(version)); change a copy, or change it after backward(). \
      Saved at \(BackwardPass.current?.site.line ?? "an unknown line"), changed at \
      \(storage.lastWrite?.line ?? "an unknown line")
      """)
    return Tensor(storage: storage, dtype: dtype, shape: shape, strides: strides, offset: offset)
  }

  /// The tensor, and memory for a gradient like it.
  func take() -> (values: Tensor, room: Tensor) {
    (value, Tensor(uninitialized: shape, dtype))
  }
}

/// A tensor that an operation made for its gradient alone, which may take its place.
final class Overwritable {
  private var tensor: Tensor?

  init(_ tensor: Tensor) { self.tensor = tensor }

  /// The tensor, and memory for a gradient like it: the same, unless the graph is retained.
  func take() -> (values: Tensor, room: Tensor) {
    guard let values = tensor else { stop("backward: what an operation kept was used before") }
    guard BackwardPass.current?.isFreed == true else {
      return (values, Tensor(uninitialized: values.shape, values.dtype))
    }
    tensor = nil
    return (values, values)
  }
}
