import Steps
import TensorCore

/// What a loop over a loader sets for its rank and its thread while it hands out batches, and gives
/// back at its end: an evaluation inside a training loop leaves that loop's share and random numbers
/// alone.
final class BatchScope {
  private let member: (any StepMember)?
  private let order: EpochOrder
  /// What the numbers of all batches are derived from.
  private let root: TensorCore.Generator
  /// What was before; nil: nothing has been handed out.
  private var outer: Outer?

  private struct Outer {
    let batch: BatchShare?
    let order: EpochOrder?
    let generator: TensorCore.Generator?

    init(_ batch: BatchShare?, _ order: EpochOrder?, _ generator: TensorCore.Generator?) {
      (self.batch, self.order, self.generator) = (batch, order, generator)
    }
  }

  init(_ loader: DataLoader, epoch: Int) {
    member = loader.member
    order = EpochOrder(
      number: epoch, seed: loader.seed, sampleCount: loader.plan.datasetCount,
      batchSize: loader.plan.batchSize, microBatches: loader.plan.microBatchCount)
    root = .rootOfLoop
  }

  /// Says what this rank works on from now on. Its default random numbers are those of the part of
  /// the data that `numbers` name; nil: those from before the loop.
  func begin(_ share: BatchShare, drawingFor numbers: [Int]?) {
    let generator = numbers.map(root.forPart) ?? outer?.generator
    let replaced = TensorCore.Generator.exchangeBatch(generator)
    if outer == nil { outer = Outer(member?.step.batch, member?.step.order, replaced) }
    member?.step.batch = share
    member?.step.order = order
  }

  /// Gives the default random numbers back, between two parts of a batch.
  func endPart() { if let outer { TensorCore.Generator.exchangeBatch(outer.generator) } }

  /// Gives everything back.
  func end() {
    guard let outer else { return }
    endPart()
    member?.step.batch = outer.batch
    member?.step.order = outer.order
    self.outer = nil
  }

  deinit { end() }
}
