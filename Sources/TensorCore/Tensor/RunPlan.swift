/// How to walk `operands` tensors that share a shape in the longest possible inner runs.
///
/// Dimensions of size 1 vanish, and neighbours that every operand steps through evenly are merged,
/// so that contiguous operands are one run.
package struct RunPlan<let operands: Int> {
  private var shape = Shape()
  private var strides: InlineArray<operands, Shape>

  /// `strides[i]` are the strides of operand i, all of rank `shape.count`.
  package init(_ shape: Shape, _ strides: InlineArray<operands, Shape>) {
    self.strides = InlineArray(repeating: Shape())
    for axis in 0..<shape.count where shape[axis] != 1 {
      if let last = self.shape.indices.last, merges(axis, shape[axis], strides, into: last) {
        self.shape[last] *= shape[axis]
        for operand in 0..<operands { self.strides[operand][last] = strides[operand][axis] }
      } else {
        self.shape.append(shape[axis])
        for operand in 0..<operands { self.strides[operand].append(strides[operand][axis]) }
      }
    }
  }

  private func merges(
    _ axis: Int, _ size: Int, _ strides: InlineArray<operands, Shape>, into last: Int
  ) -> Bool {
    for operand in 0..<operands
    where self.strides[operand][last] != strides[operand][axis] * size {
      return false
    }
    return true
  }

  /// Calls `body` with the length of each run, every operand's stride in it, and every operand's
  /// offset.
  package func forEachRun(
    _ body: (
      _ count: Int, _ strides: InlineArray<operands, Int>, _ offsets: InlineArray<operands, Int>
    ) -> Void
  ) {
    guard shape.elementCount > 0 else { return }
    var inner = InlineArray<operands, Int>(repeating: 0)
    var offsets = InlineArray<operands, Int>(repeating: 0)
    guard let last = shape.indices.last else { return body(1, inner, offsets) }
    for operand in 0..<operands { inner[operand] = strides[operand][last] }
    var index = Shape(repeating: 0, count: last)
    while true {
      body(shape[last], inner, offsets)
      // Count up the outer dimensions like an odometer.
      var axis = last - 1
      while axis >= 0 {
        index[axis] += 1
        for operand in 0..<operands { offsets[operand] += strides[operand][axis] }
        if index[axis] < shape[axis] { break }
        for operand in 0..<operands { offsets[operand] -= strides[operand][axis] * shape[axis] }
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }
}

extension Tensor {
  /// This tensor's strides as seen through `shape`, which it broadcasts to.
  package func strides(broadcastTo shape: Shape) -> Shape {
    if shape == self.shape { return strides }
    var result = Shape(repeating: 0, count: shape.count)
    let added = shape.count - rank
    for axis in 0..<rank where self.shape[axis] != 1 { result[axis + added] = strides[axis] }
    return result
  }
}
