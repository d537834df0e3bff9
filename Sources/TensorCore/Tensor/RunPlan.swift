import Parallel

/// How to walk `operands` tensors that share a shape in the longest possible inner runs.
///
/// Dimensions of size 1 vanish, and neighbours that every operand steps through evenly are merged,
/// so that contiguous operands are one run.
package struct RunPlan<let operands: Int> {
  private var shape = Shape()
  private var strides: InlineArray<operands, Shape>

  /// `strides[i]` are the strides of operand i, each `shape.count` of them.
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
  /// offset, in row-major order.
  package func forEachRun(
    _ body: (
      _ count: Int, _ strides: InlineArray<operands, Int>, _ offsets: InlineArray<operands, Int>
    ) -> Void
  ) {
    forEachRun(from: InlineArray(repeating: 0), body)
  }

  /// The same in any order, on several threads where runs are many and short: for a `body` that
  /// writes to operand 0 only, and reads nothing that it writes in another run.
  package func forEachRunInAnyOrder(
    _ body: (
      _ count: Int, _ strides: InlineArray<operands, Int>, _ offsets: InlineArray<operands, Int>
    ) -> Void
  ) {
    // Long runs are shared themselves.
    guard let last = shape.indices.last, last > 0, Threads.count > 1, shape[last] < 32_768,
      !overlapsItself
    else { return forEachRun(body) }
    let cost = shape.elementCount / Swift.max(1, shape[0])
    parallelItems(shape[0], cost: cost, grain: 16_384) { range in
      var part = self
      part.shape[0] = range.count
      part.forEachRun(from: InlineArray { range.lowerBound * strides[$0][0] }, body)
    }
  }

  /// Whether operand 0 may have an element at several positions along the outermost axis.
  private var overlapsItself: Bool {
    var reach = 1
    for axis in 1..<shape.count { reach += (shape[axis] - 1) * abs(strides[0][axis]) }
    return abs(strides[0][0]) < reach
  }

  private func forEachRun(
    from start: InlineArray<operands, Int>,
    _ body: (
      _ count: Int, _ strides: InlineArray<operands, Int>, _ offsets: InlineArray<operands, Int>
    ) -> Void
  ) {
    guard shape.elementCount > 0 else { return }
    var inner = InlineArray<operands, Int>(repeating: 0)
    var offsets = start
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
    let added = shape.count - axisCount
    for axis in 0..<axisCount where self.shape[axis] != 1 { result[axis + added] = strides[axis] }
    return result
  }
}
