import TensorCore

/// The gradients of earlier rounds that were not cleared, which are the same on all ranks: the next
/// round's come to them when it is over.
struct EarlierGradients {
  private let gradients: Storage
  private let hadGradient: [Bool]

  /// Copies the gradients of `leaves`, which lie in `layout`, and takes them off.
  init(of leaves: [Leaf?], in layout: GradientLayout) {
    hadGradient = leaves.map { $0?.gradient != nil }
    for bucket in layout.buckets.indices { layout.clearMissingGradients(of: bucket) }
    gradients = Storage(byteCount: layout.plan.byteCount)
    gradients.pointer.copyMemory(
      from: layout.arena.storage.pointer, byteCount: layout.plan.byteCount)
    for leaf in leaves { leaf?.gradient = nil }
  }

  /// Multiplies what lies in `layout` by `own`, adds the earlier gradients times `factor`, and says
  /// that there is a gradient wherever there was one.
  func join(_ layout: GradientLayout, times own: Float, plus factor: Float) {
    for (bucket, values) in zip(layout.plan.buckets, layout.buckets) {
      if own != 1 { values.scale(by: own) }
      values.add(Numbers(bucket.stretch, of: gradients.pointer), times: factor)
    }
    for index in hadGradient.indices where hadGradient[index] { layout.usage[index] += 1 }
  }
}
