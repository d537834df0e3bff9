import Kernels

extension Tensor {
  /// The elements at positions `indices` along `axis`, where `indices` is contiguous, has this
  /// shape but for `axis`, and holds numbers in range. Their gradients are added up where they came
  /// from.
  func picked(at indices: Tensor, _ axis: Int, _ name: StaticString) -> Tensor {
    let result = Tensor(uninitialized: indices.shape, dtype)
    switch dtype.word {
    case .one: pick(UInt8.self, indices, axis, result)
    case .two: pick(UInt16.self, indices, axis, result)
    case .four: pick(UInt32.self, indices, axis, result)
    case .eight: pick(UInt64.self, indices, axis, result)
    }
    return result.recorded(
      name,
      stepwiseEdge { [indices = Saved(indices), shape] gradient in
        let result = Tensor.zeros(shape)
        result.addAt(indices.value, axis, gradient.contiguousValues())
        return result
      })
  }

  private func pick<Word: BitwiseCopyable>(
    _: Word.Type, _ indices: Tensor, _ axis: Int, _ result: Tensor
  ) {
    let (source, target) = (base(of: Word.self), result.base(of: Word.self))
    forEachPicked(indices, axis) { target[$0] = source[$1] }
  }

  /// Adds each element of `values`, of the shape of `indices`, at its index along `axis`.
  private func addAt(_ indices: Tensor, _ axis: Int, _ values: Tensor) {
    let (source, target) = (values.pointer(Float.self), pointer(Float.self))
    forEachPicked(indices, axis) { target[$1] += source[$0] }
  }

  /// Calls `body` with each position in `indices` and that of the element of this tensor that it
  /// names.
  @inline(__always)
  private func forEachPicked(
    _ indices: Tensor, _ axis: Int, _ body: (_ place: Int, _ element: Int) -> Void
  ) {
    let place = indices.pointer(Int64.self)
    let step = strides[axis]
    var others = strides
    others[axis] = 0
    RunPlan<2>(indices.shape, [indices.strides, others]).forEachRun { count, strides, offsets in
      var (position, element) = (offsets[0], offsets[1])
      for _ in 0..<count {
        body(position, element + Int(place[position]) * step)
        position += strides[0]
        element += strides[1]
      }
    }
  }
}
