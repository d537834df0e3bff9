/// Where the matrix at place `index` of `batch` begins.
func offset(_ index: Int, _ batch: Shape, _ strides: Shape) -> Int {
  var (rest, offset) = (index, 0)
  for axis in (0..<batch.count).reversed() {
    offset += rest % batch[axis] * strides[axis]
    rest /= batch[axis]
  }
  return offset
}

extension Tensor {
  /// The strides of the axes before the matrices, broadcast to `batch`.
  func batchStrides(_ batch: Shape) -> Shape {
    let leading = alias(
      shape: Shape(shape.dropLast(2)), strides: Shape(strides.dropLast(2)), offset: offset)
    return leading.strides(broadcastTo: batch)
  }
}
