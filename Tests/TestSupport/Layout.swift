import Elements
public import TensorCore

/// How the elements of a tensor lie in memory; the words are those of the fixtures.
public enum Layout: String, CaseIterable, Sendable {
  /// Row-major without gaps.
  case contiguous
  /// A view of the transpose over the last two axes.
  case transposed
  /// Every second element of the last axis of a buffer.
  case sliced
  /// Stride -1 along the last axis.
  case flipped
  /// One row for all, with stride 0; only for tensors whose rows are equal.
  case broadcast
}

extension Tensor {
  /// A view of a new buffer, in `layout`, with this tensor's values; other elements of the buffer
  /// are NaN.
  public func laidOut(_ layout: Layout) -> Tensor {
    guard axisCount > 0, axisCount > 1 || layout != .transposed else { return detached() }
    let last = axisCount - 1
    var (strides, start, stored) = (shape.contiguousStrides, 0, count)
    switch layout {
    case .contiguous: break
    case .transposed:
      var transposed = shape
      transposed.swapAt(last - 1, last)
      strides = transposed.contiguousStrides
      strides.swapAt(last - 1, last)
    case .sliced:
      for axis in 0..<axisCount { strides[axis] *= 2 }
      stored *= 2
    case .flipped:
      strides[last] = -1
      start = Swift.max(0, shape[last] - 1)
    case .broadcast:
      for axis in 0..<last { strides[axis] = 0 }
    }
    let buffer = Tensor(uninitialized: [stored], dtype)
    if dtype == .float32 { buffer.fill(.nan) }
    let view = buffer.alias(shape: shape, strides: strides, offset: start)
    view.assign(elementsOf: self)
    return view
  }
}
