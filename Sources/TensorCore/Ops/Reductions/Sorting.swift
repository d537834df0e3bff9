import Diagnostics
import Elements
import Kernels

// Sorting is stable: equal elements keep their order. A NaN is larger than any number, as in
// PyTorch.

extension Tensor {
  /// Copies of the elements in order along `axis`, and the indices where they were, of type int64.
  ///
  /// Equal elements keep their order. A NaN counts as larger than any number. Gradients flow to the
  /// elements that the values are copies of.
  public func sorted(
    axis: Int = -1, descending: Bool = false
  ) -> (values: Tensor, indices: Tensor) {
    if let vector = asVector(along: axis, "sorted") { return asScalars(vector.sorted()) }
    let axis = shape.axis(axis, "sorted")
    let indices = firstIndices(axis, shape[axis], descending)
    return (picked(at: indices, axis, "sorted"), indices)
  }

  /// The indices that put the elements along `axis` in order, of type int64; equal elements keep
  /// their order.
  public func argsort(axis: Int = -1, descending: Bool = false) -> Tensor {
    if let vector = asVector(along: axis, "argsort") { return vector.argsort().reshaped([]) }
    let axis = shape.axis(axis, "argsort")
    return firstIndices(axis, shape[axis], descending)
  }

  /// The `k` largest (or smallest) elements along `axis`, best first, and their indices, of type
  /// int64.
  ///
  /// Of equal elements those with lower indices come first. Stops where the axis has fewer than `k`
  /// elements.
  public func topK(
    _ k: Int, axis: Int = -1, largest: Bool = true
  ) -> (values: Tensor, indices: Tensor) {
    if let vector = asVector(along: axis, "topK") {
      check(k == 1, "topK: \(k) elements of a tensor of shape [], which has 1")
      return asScalars(vector.sorted())
    }
    let axis = shape.axis(axis, "topK")
    check(
      k >= 0 && k <= shape[axis],
      "topK: \(k) elements of axis \(axis) of shape \(shape), which has \(shape[axis])")
    let indices = firstIndices(axis, k, largest)
    return (picked(at: indices, axis, "topK"), indices)
  }

  private func asScalars(
    _ vectors: (values: Tensor, indices: Tensor)
  ) -> (values: Tensor, indices: Tensor) {
    (vectors.values.reshaped([]), vectors.indices.reshaped([]))
  }

  /// The indices of the first `count` elements in order along `axis`.
  private func firstIndices(_ axis: Int, _ count: Int, _ descending: Bool) -> Tensor {
    check(shape[axis] <= Int(UInt32.max), "sorted: axis \(axis) of shape \(shape) is too long")
    let moved = detached().movingAxisLast(axis).contiguousValues()
    let rows = dtype.isFloatingPoint ? moved : moved.converted(to: .int64)
    var resultShape = rows.shape
    resultShape[axisCount - 1] = count
    let result = Tensor(uninitialized: resultShape, .int64)
    let order = RowOrder(size: shape[axis], count: count, descending: descending)
    let target = result.pointer(Int64.self)
    if rows.dtype.isFloatingPoint {
      order.positions(rows: rows.rowCount, rows.rows(shape[axis]), target)
    } else {
      order.positions(rows: rows.rowCount, rows.pointer(Int64.self), target)
    }
    var back = Array(0..<(axisCount - 1))
    back.insert(axisCount - 1, at: axis)
    return result.permuted(back).contiguousValues()
  }
}
