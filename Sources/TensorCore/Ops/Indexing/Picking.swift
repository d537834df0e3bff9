extension Tensor {
  /// The elements at positions `indices` along `axis`, where `indices` has this shape but for `axis`,
  /// and holds numbers in range. Their gradients are added up where they came from.
  func picked(at indices: Tensor, _ axis: Int, _ name: StaticString) -> Tensor {
    let result = Tensor(uninitialized: indices.shape, dtype)
    IndexedRuns(dense: result, indices, whole: self, axis).fillDense()
    return result.recorded(
      name,
      stepwiseEdge { [indices = Saved(indices), shape] gradient in
        let result = Tensor.zeros(shape)
        IndexedRuns(dense: gradient.contiguousValues(), indices.value, whole: result, axis)
          .addFloats()
        return result
      })
  }
}
