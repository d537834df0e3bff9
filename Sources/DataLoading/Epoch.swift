import Communication
public import TensorCore

/// One pass over the data: a sequence of inputs `[B] + inputShape` and targets `[B] + targetShape`.
///
/// `B` is the size of this rank's share of the batch. Where a batch has fewer samples than there
/// are ranks it is 0 on some; they take the step all the same. Each loop over an epoch runs through
/// it anew.
public struct Epoch: Sequence {
  let loader: DataLoader
  let number: Int
  let start: Int

  /// The number of batches.
  public var underestimatedCount: Int { loader.count - start }

  /// An iterator before the first batch.
  public func makeIterator() -> Iterator { Iterator(self) }

  /// Hands out the batches of an epoch and tells the communicator this rank's share of the current
  /// one.
  ///
  /// After the last batch, or when the iterator is gone, the communicator's `batchShare` is again
  /// what it was before the first: an evaluation inside a training loop leaves the loop's share
  /// alone.
  public final class Iterator: IteratorProtocol {
    private let loader: DataLoader
    private let epoch: Int
    private let order: [Int]
    private var upcoming: Int
    /// What `batchShare` was before this iterator set it; nil while it has not.
    private var outerShare: BatchShare??

    init(_ epoch: Epoch) {
      loader = epoch.loader
      self.epoch = epoch.number
      upcoming = epoch.start
      order = SampleOrder.indices(
        count: loader.plan.datasetCount, seed: loader.seed, epoch: epoch.number)
    }

    /// This rank's share of the next batch.
    public func next() -> (Tensor, Tensor)? {
      guard upcoming < loader.count else {
        endSharing()
        return nil
      }
      let share = loader.plan.share(of: upcoming, rank: loader.communicator?.rank ?? 0)
      let batch = loader.dataset.batch(SampleSelection(order[share], epoch: epoch))
      if let communicator = loader.communicator {
        let global = loader.plan.batch(upcoming).count
        if outerShare == nil { outerShare = .some(communicator.batchShare) }
        communicator.batchShare = BatchShare(local: share.count, global: global)
      }
      upcoming += 1
      return batch
    }

    private func endSharing() {
      if let outerShare { loader.communicator?.batchShare = outerShare }
      outerShare = nil
    }

    deinit { endSharing() }
  }
}
