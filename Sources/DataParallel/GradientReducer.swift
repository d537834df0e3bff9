import Communication
import Diagnostics
package import TensorCore

/// Averages the gradients of a model over the samples of all ranks, once for every step.
///
/// A pass computes the gradients of the mean loss over its own samples. Weighted by their share of
/// the step's samples, the passes of all ranks add up to the gradient of the mean over all samples,
/// whatever the sizes of the shares. Where a rank's passes are added up first, only the last of them
/// makes gradients travel: each bucket as soon as its last gradient is there.
///
/// One *round* is what makes a step's gradients final: passes, and one exchange. It ends with the
/// last pass of the step, or when the optimiser is about to use the gradients.
public final class GradientReducer {
  private let world: any Communicator
  private let parameters: [Parameter]
  private let passesPerStep: Int
  private let options: TravelOptions
  private var isReproducible: Bool { options.isReproducible }
  private var weights: StepWeights
  private var buffers: BufferAverage
  /// Made by the first round, when it is known what travels.
  private var layout: GradientLayout?

  /// Whether there are passes whose gradients have not been exchanged.
  private var isOpen = false
  /// Whether this rank's current pass is its last of the round.
  private var isLastPass = false
  private var weight: Float = 1
  private var passLoss: Float = 0
  /// How many gradients each bucket still waits for in this pass.
  private var missing: [Int] = []
  /// Which buckets are as this pass leaves them; of several passes only the last counts, unless each
  /// micro-batch's gradients are kept apart.
  private var isContributed: [Bool] = []
  /// On rank 0, the gradients of earlier rounds that were kept to be added to, which are the same
  /// on all ranks.
  private var kept: (gradients: Storage, samples: Double?)?
  /// The last global batch whose round is over.
  private var finishedBatch: (epoch: Int, batch: Int)?
  private var hasWarned = false

  /// The mean of what `backward()` was called on in the last step, over all samples of all ranks; it
  /// travels with the gradients. Tensors that are no scalars count as 0.
  public private(set) var loss: Float = 0

  /// Compares the parameters of all ranks; nil: nobody does.
  var driftCheck: DriftCheck?

  private struct Parameter {
    let name: String
    /// Weak, because the leaves hold the reducer.
    weak var leaf: Leaf?
  }

  init(
    _ parameters: [(name: String, tensor: Tensor)], buffers: [Tensor],
    over world: any Communicator, passesPerStep: Int, _ options: TravelOptions
  ) {
    self.world = world
    self.passesPerStep = passesPerStep
    self.options = options
    self.parameters = parameters.map { Parameter(name: $0.name, leaf: $0.tensor.leaf) }
    self.buffers = BufferAverage(buffers)
    weights = StepWeights(rankCount: world.size, passesPerStep: passesPerStep)
    for case let leaf? in self.parameters.map(\.leaf) { leaf.observer = self }
  }
}

extension GradientReducer: GradientObserver {
  /// The share of the pass in the samples of the step.
  package func backwardWillBegin(loss: Float?) -> Float {
    RootBlock.requireOutside("backward")
    world.note(.backward)
    let share = world.batchShare
    // Ranks wait for each other where the first round makes the arena, and where drift is looked for.
    let layout = world.profile.exchange { openedLayout() }
    weight = weights.weightOfNextPass(share)
    isLastPass = weights.isLast(share)
    missing = layout.plan.buckets.map(\.gradients.count)
    if let partials = layout.partials { beginMicroBatch(partials, layout) }
    // An empty share has no loss to speak of.
    passLoss = weight == 0 ? 0 : weight * (loss ?? 0)
    return weight
  }

  /// Lets the gradient's bucket travel if it was the last one to come.
  package func gradientIsReady(of leaf: Leaf) {
    guard let layout, let index = layout.indices[ObjectIdentifier(leaf)] else { return }
    layout.usage[index] = 1
    guard isLastPass || isReproducible else { return }
    let bucket = layout.plan.bucketOfGradient[index]
    missing[bucket] -= 1
    if missing[bucket] == 0 { contribute(bucket, layout) }
    world.profile.exchange { layout.exchange.progress() }
  }

  /// After the last pass of a step, returns when all gradients are the mean over all ranks.
  package func backwardDidEnd() {
    guard let layout else { return }
    layout.loss.pointee += passLoss
    buffers.collect(into: layout.bufferChanges, weight: weight)
    if isLastPass || isReproducible { contributeRest(layout) }
    if isLastPass { finishRound(layout) }
    world.note(.update)
  }

  /// Exchanges what the passes so far have left, where their number was not the announced one.
  package func completeGradients() {
    if isOpen || hasUnfinishedBatch {
      RootBlock.requireOutside("Optimizer.step")
      let layout = openedLayout()
      if !isReproducible || weights.passes == 0 { contributeRest(layout) }
      finishRound(layout)
    }
  }

  /// Whether a batch was handed out of which this rank may have no part, but others have.
  private var hasUnfinishedBatch: Bool {
    guard let batch = world.batchShare?.microBatch else { return false }
    return finishedBatch.map { $0 != (batch.epoch, batch.batch) } ?? true
  }
}

extension GradientReducer {
  /// The layout, in a round that has begun.
  private func openedLayout() -> GradientLayout {
    let layout = layout ?? makeLayout()
    self.layout = layout
    if !isOpen { beginRound(layout) }
    return layout
  }

  private func makeLayout() -> GradientLayout {
    let isOrdinary =
      world.size == 1 && passesPerStep == 1 && !isReproducible
      && world.batchShare?.microBatch == nil
    if isOrdinary { buffers.keepNone() } else { buffers.keepChanging(world) }
    return GradientLayout(
      parameters.compactMap(\.leaf), bufferCount: buffers.count, options, over: world)
  }

  private func beginRound(_ layout: GradientLayout) {
    // Once for each step on every rank, however many passes it makes.
    driftCheck?.stepWillBegin()
    isOpen = true
    isContributed = Array(repeating: false, count: layout.buckets.count)
    layout.clearTail()
    layout.partials?.begin(requiredMicroBatch())
    kept = nil
    let holding = parameters.indices.filter { parameters[$0].leaf?.gradient != nil }
    if holding.isEmpty { return weights.beginStep() }
    if world.isRoot {
      for index in holding { layout.usage[index] = 1 }
    }
    // Alone, new gradients are simply added to what is there.
    guard world.size > 1 || passesPerStep > 1 || isReproducible else { return }
    if world.isRoot {
      for bucket in layout.buckets.indices { layout.clearMissingGradients(of: bucket) }
      let gradients = Storage(byteCount: layout.plan.byteCount)
      gradients.pointer.copyMemory(
        from: layout.arena.storage.pointer, byteCount: layout.plan.byteCount)
      kept = (gradients, weights.samples)
    }
    for index in holding { parameters[index].leaf?.gradient = nil }
  }

  private func requiredMicroBatch() -> MicroBatch {
    guard let batch = world.batchShare?.microBatch else {
      stop(
        """
        averageGradients: reproducible, but this pass is over no micro-batch; train on the \
        microBatches of a DataLoader's globalBatches
        """)
    }
    return batch
  }

  /// Makes the gradients of this pass those of its micro-batch alone.
  private func beginMicroBatch(_ partials: PartialSums, _ layout: GradientLayout) {
    let batch = requiredMicroBatch()
    check(
      batch.index == batch.ofRank.lowerBound + weights.passes - 1,
      """
      averageGradients: reproducible, but pass \(weights.passes) of this rank is over micro-batch \
      \(batch.index) of its \(batch.ofRank); call backward() once for each, on the sum of its losses
      """)
    partials.add(leaf: batch.index)
    guard weights.passes > 1 else { return }
    isContributed = Array(repeating: false, count: layout.buckets.count)
    layout.clearTail()
    for parameter in parameters { parameter.leaf?.gradient = nil }
    kept = nil
  }

  private func contributeRest(_ layout: GradientLayout) {
    for bucket in isContributed.indices where !isContributed[bucket] { contribute(bucket, layout) }
  }

  /// Makes this rank's part of a bucket complete; lets it travel, unless passes are to come.
  private func contribute(_ bucket: Int, _ layout: GradientLayout) {
    isContributed[bucket] = true
    layout.clearMissingGradients(of: bucket)
    let values = layout.buckets[bucket]
    if weights.correction != 1 { values.scale(by: weights.correction) }
    if let kept, bucket < layout.gradientBuckets {
      let earlier = Numbers(layout.plan.buckets[bucket].stretch, of: kept.gradients.pointer)
      // What is the mean over the first samples counts as many.
      values.add(earlier, times: kept.samples.map { Float($0 / (weights.samples ?? $0)) } ?? 1)
    }
    if weights.passes > 0 { layout.partials?.join(values, ofBucket: bucket) }
    if isLastPass || weights.passes == 0 || !isReproducible { layout.exchange.publish(bucket) }
  }

  private func finishRound(_ layout: GradientLayout) {
    if isReproducible {
      let share = requiredMicroBatch().ofRank
      check(
        weights.passes == share.count,
        """
        averageGradients: reproducible, but a step after \(weights.passes) of this rank's \
        \(share.count) micro-batches
        """)
    }
    world.profile.exchange { layout.exchange.finish() }
    layout.arena.storage.markWritten(by: "averageGradients")
    for (index, parameter) in parameters.enumerated() {
      parameter.leaf?.gradient = layout.usage[index] == 0 ? nil : parameter.leaf?.slot
    }
    loss = layout.loss.pointee
    warnAboutUnusedParameters(layout)
    buffers.move(by: layout.bufferChanges)
    isOpen = false
    isLastPass = false
    kept = nil
    if let batch = world.batchShare?.microBatch { finishedBatch = (batch.epoch, batch.batch) }
    if passesPerStep == 1 { weights.beginStep() }
  }

  /// Says once, on rank 0, which parameters no rank has used in a step.
  private func warnAboutUnusedParameters(_ layout: GradientLayout) {
    guard !hasWarned, world.isRoot, weights.passes > 0 else { return }
    let unused = parameters.indices.filter { layout.usage[$0] == 0 }.map { parameters[$0].name }
    guard !unused.isEmpty else { return }
    hasWarned = true
    writeLine(
      """
      warning: averageGradients: no rank's loss reached \(unused.prefix(8).joined(separator: ", "))\
      \(unused.count > 8 ? " and \(unused.count - 8) more" : "") in this step; \
      a parameter without a gradient stays as it is
      """)
  }
}
