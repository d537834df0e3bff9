import Communication
import Diagnostics
import Steps
import TensorCore

// A round: its beginning, its buckets and its end.

extension GradientReducer {
  /// The layout, in a round that has begun; `parts` are those of its first loss, if it has one.
  func openRound(for parts: LossParts?) -> GradientLayout {
    let layout = layout ?? makeLayout(for: parts)
    self.layout = layout
    if round == nil { beginRound(layout) }
    return layout
  }

  private func makeLayout(for parts: LossParts?) -> GradientLayout {
    if mean.isWhole { buffers.keepNone() } else { buffers.keepChanging(world) }
    mean.findUnit(parts)
    return GradientLayout(
      parameters.compactMap(\.leaf), bufferCount: buffers.count, options, over: world)
  }

  private func beginRound(_ layout: GradientLayout) {
    // Once for each step on every rank, however many passes it makes.
    driftCheck?.stepWillBegin()
    warnings.requireEqualOrder()
    layout.clearTail()
    layout.partials?.begin(requiredMicroBatch())
    let leaves = parameters.map(\.leaf)
    let isFirst = leaves.allSatisfy { $0?.gradient == nil }
    mean.beginRound(isFirst: isFirst)
    // Where a step is one pass of one rank, new gradients are simply added to what is there.
    let isAdded = isFirst || mean.isWhole
    if isAdded {
      for (index, leaf) in leaves.enumerated() where leaf?.gradient != nil {
        layout.usage[index] = 1
      }
    }
    round = Round(
      earlier: isAdded ? nil : EarlierGradients(of: leaves, in: layout),
      buckets: layout.buckets.count)
  }

  func contributeRest(_ layout: GradientLayout) {
    for bucket in layout.buckets.indices where round?.isContributed[bucket] == false {
      contribute(bucket, layout)
    }
  }

  /// Makes this rank's part of a bucket complete; lets it travel, unless passes are to come.
  func contribute(_ bucket: Int, _ layout: GradientLayout) {
    let hasPasses = mean.weights.passes > 0
    round?.contribute(bucket)
    layout.clearMissingGradients(of: bucket)
    if hasPasses { layout.partials?.join(layout.buckets[bucket], ofBucket: bucket) }
    if round?.isLastPass == true || !hasPasses || !options.isReproducible {
      layout.exchange.publish(bucket)
    }
  }

  func finishRound(_ layout: GradientLayout) {
    guard let round else { return }
    if options.isReproducible { requireAllMicroBatches() }
    world.profile.exchange { layout.exchange.finish() }
    mean.join(layout, round)
    layout.arena.storage.markWritten(by: "averageGradients")
    for (index, parameter) in parameters.enumerated() {
      parameter.leaf?.gradient = layout.usage[index] == 0 ? nil : parameter.leaf?.slot
    }
    if mean.weights.passes > 0 {
      let unused = parameters.indices.filter { layout.usage[$0] == 0 }
      warnings.warnAboutUnused(unused.map { parameters[$0].name })
    }
    buffers.move(by: layout.bufferChanges, over: layout.tail.samples)
    self.round = nil
  }
}

// MARK: - Micro-batches of reproducible steps

extension GradientReducer {
  private func requiredMicroBatch() -> MicroBatch {
    guard let batch = world.step.batch?.microBatch else {
      stop(
        """
        averageGradients: reproducible, but this pass is over no micro-batch; train on the \
        microBatches of a DataLoader's globalBatches
        """)
    }
    return batch
  }

  /// Makes the gradients of this pass those of its micro-batch alone.
  func beginMicroBatch(_ partials: PartialSums, _ layout: GradientLayout) {
    let (batch, passes) = (requiredMicroBatch(), mean.weights.passes)
    check(
      batch.index == batch.ofRank.lowerBound + passes - 1,
      """
      averageGradients: reproducible, but pass \(passes) of this rank is over micro-batch \
      \(batch.index) of its \(batch.ofRank); call backward() once for each, on the sum of its losses
      """)
    partials.add(leaf: batch.index, weight: mean.weights.last)
    guard passes > 1 else { return }
    layout.clearTail()
    for parameter in parameters { parameter.leaf?.gradient = nil }
  }

  private func requireAllMicroBatches() {
    let (share, passes) = (requiredMicroBatch().ofRank, mean.weights.passes)
    check(
      passes == share.count,
      """
      averageGradients: reproducible, but a step after \(passes) of this rank's \(share.count) \
      micro-batches
      """)
  }
}
