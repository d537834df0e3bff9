/// What a rank works on now. A sharded `DataLoader` writes it, who averages gradients reads it.
///
/// Every rank has one, which is its communicator's `step`.
///
/// `@unchecked Sendable`: belongs to the thread that runs the rank's loop.
public final class StepContext: @unchecked Sendable {
  /// This rank's share of the global batch that a sharded loader has handed out; nil where none is
  /// being looped over.
  public package(set) var batch: BatchShare?

  /// How many global batches have been handed out in micro-batches. An epoch may be gone through
  /// again, so its numbers do not tell one batch from the next.
  package var batchCount = 0

  /// How that loader goes through its data.
  package var order: EpochOrder?

  /// What gradients are divided by while the sums over the passes of a step go on, and it is not yet
  /// known what they are to be divided by in the end: a power of two near that, which changes no bit
  /// of a Float32. Rank 0 finds it in the job's first backward pass; nil before.
  package var gradientUnit: Double?

  /// What this rank asks for at this moment; nil: nobody would heed it.
  package var ownRequests: (() -> StepRequests)?

  /// What all ranks together have asked for by the last exchange of gradients, and how many exchanges
  /// there have been that say so.
  package var agreedRequests = StepRequests()
  package var agreementCount = 0

  /// Says what the exchange of gradients has brought of what ranks ask for.
  package func agree(on requests: StepRequests) {
    agreedRequests = requests
    agreementCount += 1
  }

  /// A rank that works on nothing.
  package init() {}
}

/// What decides which samples a batch has: it must be the same on all ranks.
package struct EpochOrder: Hashable, Sendable {
  /// The number of the epoch.
  package var number: Int
  /// What shuffles the samples; nil: nothing.
  package var seed: UInt64?
  /// The samples of the data set.
  package var sampleCount: Int
  /// The samples of a global batch.
  package var batchSize: Int
  /// The micro-batches of a global batch.
  package var microBatches: Int

  package init(
    number: Int, seed: UInt64?, sampleCount: Int, batchSize: Int, microBatches: Int
  ) {
    self.number = number
    self.seed = seed
    self.sampleCount = sampleCount
    self.batchSize = batchSize
    self.microBatches = microBatches
  }

  /// Each value with its name, as a message has it.
  package var facts: [(name: String, value: String)] {
    [
      ("the number of the epoch", "\(number)"), ("shuffledBy", seed.map { "\($0)" } ?? "nothing"),
      ("the number of samples", "\(sampleCount)"), ("batchSize", "\(batchSize)"),
      ("microBatches", "\(microBatches)"),
    ]
  }
}
