import Communication
import Diagnostics
import Steps
package import TensorCore

/// Averages the gradients of a model over the global batch, once for every step.
///
/// One *round* is what makes a step's gradients final: passes, and one exchange. It ends with the
/// last pass of the step, or when the gradients are about to be used. Where a rank's passes are added
/// up first, only the last of them makes gradients travel: each bucket as soon as its last gradient is
/// there. What a pass weighs is `StepWeights`'; how buckets travel, the layout's exchange.
public final class GradientReducer {
  let world: any Communicator
  let passesPerStep: Int
  let isReproducible: Bool
  private let options: TravelOptions
  private let parameters: [Parameter]
  private var buffers: BufferAverage
  private var weights = StepWeights()
  private var history = StepHistory()
  private var warnings: ReducerWarnings
  /// Made by the first round, when it is known what travels.
  private var layout: GradientLayout?
  /// Passes whose gradients have not been exchanged; nil: there are none.
  private var round: Round?

  /// What the gradients of the last step are the gradient of: the mean over the global batch, on all
  /// ranks, of what `backward()` was called on; it travels with the gradients. Of several losses whose
  /// gradients add up, their sum. Tensors that are no scalars count as 0; NaN where nothing counts.
  public var loss: Float { history.loss }

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
    isReproducible = options.isReproducible
    self.parameters = parameters.map { Parameter(name: $0.name, leaf: $0.tensor.leaf) }
    self.buffers = BufferAverage(buffers)
    warnings = ReducerWarnings(world)
    for case let leaf? in self.parameters.map(\.leaf) { leaf.averager = self }
  }
}

extension GradientReducer: GradientAverager {
  /// Weighs the pass, and begins a round where none is under way.
  package func passWillBegin(_ loss: PassLoss, scale: Float) -> Float {
    RootBlock.requireOutside("backward")
    world.note(.backward)
    let share = world.step.batch
    let parts = LossParts(loss, share)
    warnings.passWillBegin(loss, share, isWhole: isWhole(share))
    // Ranks wait for each other where the first round makes the arena, and where drift is looked for.
    let layout = world.profile.exchange { openRound(for: parts) }
    let weight = weigh(parts, share)
    round?.isLastPass = share?.microBatch?.isLastOfRank ?? isLastOfStep
    round?.pass = (parts, weight, scale)
    round?.beginPass(layout, anew: isReproducible)
    if let partials = layout.partials { beginMicroBatch(partials, layout) }
    if round?.isLastPass == true || isReproducible { beginExchange(layout) }
    return weight
  }

  /// Lets the gradient's bucket travel if it was the last one to come.
  package func gradientIsReady(of leaf: Leaf) {
    guard let layout, let index = layout.indices[ObjectIdentifier(leaf)] else { return }
    layout.usage[index] = 1
    guard round?.isLastPass == true || isReproducible else { return }
    let bucket = layout.plan.bucketOfGradient[index]
    if round?.hasLastGradient(of: bucket) == true { contribute(bucket, layout) }
    world.profile.exchange { layout.exchange.progress() }
  }

  /// After the last pass of a step, returns when all gradients are those of the mean.
  package func passDidEnd() {
    guard let layout, let pass = round?.pass else { return }
    layout.tail.loss += pass.parts.finish(weight: pass.weight, scale: pass.scale)
    layout.tail.samples += Float(pass.parts.samples)
    buffers.collect(into: layout.bufferChanges, weight: Float(pass.parts.samples))
    round?.pass = nil
    let isLast = round?.isLastPass == true
    if isLast || isReproducible { contributeRest(layout) }
    if isLast { finishRound(layout) }
    world.note(.update)
  }

  /// Exchanges what the passes so far have left, where their number was not the announced one.
  package func completeGradients() {
    guard round != nil || hasUnfinishedBatch else { return }
    RootBlock.requireOutside("Optimizer.step")
    let layout = openRound(for: nil)
    if !isReproducible || weights.passes == 0 {
      beginExchange(layout)
      contributeRest(layout)
    }
    finishRound(layout)
  }

  /// Whether a batch was handed out of which this rank may have no part, but others have.
  private var hasUnfinishedBatch: Bool {
    guard let batch = world.step.batch?.microBatch else { return false }
    return history.batch.map { !$0.isOfSameBatch(as: batch) } ?? true
  }
}

// MARK: - What a pass weighs

extension GradientReducer {
  /// Whether one pass of this rank is all that a step consists of: its gradient is already the mean.
  private func isWhole(_ share: BatchShare?) -> Bool {
    world.size == 1 && passesPerStep == 1 && !isReproducible
      && share?.microBatch.map { $0.count == 1 } ?? true
  }

  private func weigh(_ parts: LossParts, _ share: BatchShare?) -> Float {
    if isWhole(share) {
      weights.addWhole(of: 1)
      return 1
    }
    if parts.divisors.count > 1, isOnePassOnEveryRank(share) {
      weights.addWhole(of: world.size)
      return parts.weigh(over: world)
    }
    return weights.weigh(parts.divisors, microBatch: share?.microBatch?.index)
  }

  /// Whether the pass that began last is the one after which gradients are to travel.
  private var isLastOfStep: Bool { passesPerStep == 1 || weights.passesOfStep == passesPerStep }

  /// Whether all ranks begin the one pass of the step now, and may tell each other of it.
  private func isOnePassOnEveryRank(_ share: BatchShare?) -> Bool {
    world.size > 1 && passesPerStep == 1 && !isReproducible
      && share?.microBatch.map { $0.count == world.size } ?? true
  }

  /// What the weights of the round add up to, where it is known: in further losses over micro-batches
  /// that have been weighed. One pass on a rank is weighed anew.
  private func knownTotal(_ round: Round) -> Double? {
    guard round.earlier != nil, let batch = world.step.batch?.microBatch, let last = history.batch,
      batch.isOfSameBatch(as: last), batch.count > world.size
    else { return nil }
    return history.total
  }

  private func beginExchange(_ layout: GradientLayout) {
    guard let round else { return }
    // In reproducible mode every micro-batch has a tail of its own, and all of them are added up.
    layout.tail.weight = isReproducible ? weights.last : weights.total
    if round.isLastPass || !isReproducible {
      (layout.tail.ofParts, layout.tail.ofLosses) = (weights.ofParts.sums, weights.ofLosses.sums)
    }
    layout.exchange.begin(weight: weights.total, total: knownTotal(round))
  }

  private func requireEqualRatios(_ layout: GradientLayout) {
    let pairs = [(weights.ofParts, layout.tail.ofParts), (weights.ofLosses, layout.tail.ofLosses)]
    for (own, all) in pairs
    where !own.agrees(withOthers: all.others, weighing: all.weighing) {
      let example = own.odd.map { " (\($0.other) and \($0.weighing) in one pass)" } ?? ""
      stop(
        """
        backward: the losses of a step are divided by numbers whose ratio is not the same in all its \
        passes\(example), so their gradients cannot be averaged after they were added up; divide them \
        by one number with sum().averaged(over:), or make a step one pass on each rank
        """)
    }
  }
}

// MARK: - A round

extension GradientReducer {
  /// The layout, in a round that has begun; `parts` are those of its first loss, if it has one.
  private func openRound(for parts: LossParts?) -> GradientLayout {
    let layout = layout ?? makeLayout(for: parts)
    self.layout = layout
    if round == nil { beginRound(layout) }
    return layout
  }

  private func makeLayout(for parts: LossParts?) -> GradientLayout {
    let share = world.step.batch
    if isWhole(share) { buffers.keepNone() } else { buffers.keepChanging(world) }
    weights.unit = world.agreedGradientUnit {
      let batch = world.step.order?.batchSize ?? share?.global ?? world.size
      return StepWeights.unit(
        count: parts?.count ?? 0, samples: parts?.samples ?? 0, batch: Double(batch * passesPerStep)
      )
    }
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
    let isFresh = leaves.allSatisfy { $0?.gradient == nil }
    if isFresh {
      (history.total, history.loss) = (0, 0)
      weights.beginStep()
    } else {
      weights.beginRound()
    }
    // Where a step is one pass of one rank, new gradients are simply added to what is there.
    let isAdded = isFresh || isWhole(world.step.batch)
    if isAdded {
      for (index, leaf) in leaves.enumerated() where leaf?.gradient != nil {
        layout.usage[index] = 1
      }
    }
    round = Round(
      earlier: isAdded ? nil : EarlierGradients(of: leaves, in: layout),
      buckets: layout.buckets.count)
  }

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
  private func beginMicroBatch(_ partials: PartialSums, _ layout: GradientLayout) {
    let batch = requiredMicroBatch()
    check(
      batch.index == batch.ofRank.lowerBound + weights.passes - 1,
      """
      averageGradients: reproducible, but pass \(weights.passes) of this rank is over micro-batch \
      \(batch.index) of its \(batch.ofRank); call backward() once for each, on the sum of its losses
      """)
    partials.add(leaf: batch.index, weight: weights.last)
    guard weights.passes > 1 else { return }
    layout.clearTail()
    for parameter in parameters { parameter.leaf?.gradient = nil }
  }

  private func contributeRest(_ layout: GradientLayout) {
    for bucket in layout.buckets.indices where round?.isContributed[bucket] == false {
      contribute(bucket, layout)
    }
  }

  /// Makes this rank's part of a bucket complete; lets it travel, unless passes are to come.
  private func contribute(_ bucket: Int, _ layout: GradientLayout) {
    round?.contribute(bucket)
    layout.clearMissingGradients(of: bucket)
    if weights.passes > 0 { layout.partials?.join(layout.buckets[bucket], ofBucket: bucket) }
    if round?.isLastPass == true || weights.passes == 0 || !isReproducible {
      layout.exchange.publish(bucket)
    }
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
    requireEqualRatios(layout)
    join(layout)
    layout.arena.storage.markWritten(by: "averageGradients")
    for (index, parameter) in parameters.enumerated() {
      parameter.leaf?.gradient = layout.usage[index] == 0 ? nil : parameter.leaf?.slot
    }
    if weights.passes > 0 {
      warnings.warnAboutUnused(
        parameters.indices.lazy.filter { layout.usage[$0] == 0 }.map {
          self.parameters[$0].name
        })
    }
    buffers.move(by: layout.bufferChanges, over: layout.tail.samples)
    round = nil
    if let batch = world.step.batch?.microBatch { history.batch = batch }
  }

  /// Joins the round's gradients and loss with those of earlier rounds of the step.
  private func join(_ layout: GradientLayout) {
    let total = layout.exchange.total
    let loss = Float(Double(layout.tail.loss) / total)
    guard let round, let earlier = round.earlier else {
      (history.total, history.loss) = (total, loss + history.loss)
      return
    }
    if passesPerStep == 1 {
      earlier.join(layout, times: 1, plus: 1)
      history.loss += loss
      if knownTotal(round) == nil { history.total = total }
    } else {
      // Both are means, over so much of the step.
      let whole = history.total + total
      let (own, rest) = whole == 0 ? (1, 0) : (total / whole, history.total / whole)
      earlier.join(layout, times: Float(own), plus: Float(rest))
      history.loss = own == 0 ? history.loss : Float(own) * loss + Float(rest) * history.loss
      history.total = whole
    }
  }
}
