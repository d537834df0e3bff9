import Communication
import Diagnostics
import Steps
package import TensorCore

/// Averages the gradients of a model over the global batch, once for every step.
///
/// One *round* is what makes a step's gradients final: passes, and one exchange. It ends with the
/// last pass of the step, or when the gradients are about to be used. Where a rank's passes are added
/// up first, only the last of them makes gradients travel: each bucket as soon as its last gradient is
/// there. What a pass weighs is `StepMean`'s; how buckets travel, the layout's exchange.
public final class GradientReducer {
  let world: any Communicator
  let options: TravelOptions
  let parameters: [Parameter]
  var buffers: BufferAverage
  var mean: StepMean
  var warnings: ReducerWarnings
  /// Made by the first round, when it is known what travels.
  var layout: GradientLayout?
  /// Passes whose gradients have not been exchanged; nil: there are none.
  var round: Round?

  /// What the gradients of the last step are the gradient of: the mean over the global batch, on all
  /// ranks, of what `backward()` was called on; it travels with the gradients. Of several losses whose
  /// gradients add up, their sum. Tensors that are no scalars count as 0; NaN where nothing counts.
  public var loss: Float { mean.loss }

  /// Compares the parameters of all ranks; nil: nobody does.
  var driftCheck: DriftCheck?

  struct Parameter {
    let name: String
    /// Weak, because the leaves hold the reducer.
    weak var leaf: Leaf?
  }

  init(
    _ parameters: [(name: String, tensor: Tensor)], buffers: [Tensor],
    over world: any Communicator, passesPerStep: Int, _ options: TravelOptions
  ) {
    self.world = world
    self.options = options
    self.parameters = parameters.map { Parameter(name: $0.name, leaf: $0.tensor.leaf) }
    self.buffers = BufferAverage(buffers)
    mean = StepMean(
      over: world, passesPerStep: passesPerStep, isReproducible: options.isReproducible)
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
    warnings.passWillBegin(loss, share, isWhole: mean.isWhole)
    // Ranks wait for each other where the first round makes the arena, and where drift is looked for.
    if round == nil { mean.requireAllRanksInRound() }
    let layout = world.profile.exchange { openRound(for: parts) }
    let weight = mean.weigh(parts)
    round?.isLastPass = mean.isLastPass
    round?.pass = (parts, weight, scale)
    round?.beginPass(layout, anew: options.isReproducible)
    if let partials = layout.partials { beginMicroBatch(partials, layout) }
    if let round, round.isLastPass || options.isReproducible { mean.beginExchange(layout, round) }
    return weight
  }

  /// Lets the gradient's bucket travel if it was the last one to come.
  package func gradientIsReady(of leaf: Leaf) {
    guard let layout, let index = layout.indices[ObjectIdentifier(leaf)] else { return }
    layout.usage[index] = 1
    guard round?.isLastPass == true || options.isReproducible else { return }
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
    if isLast || options.isReproducible { contributeRest(layout) }
    if isLast { finishRound(layout) }
    world.note(.update)
  }

  /// Exchanges what the passes so far have left, where their number was not the announced one.
  package func completeGradients() {
    guard round != nil || hasUnfinishedBatch else { return }
    RootBlock.requireOutside("Optimizer.step")
    let layout = openRound(for: nil)
    if let round, !options.isReproducible || mean.weights.passes == 0 {
      mean.beginExchange(layout, round)
      contributeRest(layout)
    }
    finishRound(layout)
  }

  package func valuesWereReplaced() { buffers.reread() }

  /// Whether a batch was handed out of which this rank may have no part, but others have.
  private var hasUnfinishedBatch: Bool {
    guard let batch = world.step.batch?.microBatch else { return false }
    return mean.lastBatch.map { !$0.isOfSameBatch(as: batch) } ?? true
  }
}
