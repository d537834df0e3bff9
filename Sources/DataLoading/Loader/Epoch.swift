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
  private let progress: Progress

  init(loader: DataLoader, number: Int, start: Int) {
    self.loader = loader
    self.number = number
    self.start = start
    progress = Progress(batch: start)
  }

  /// The number of batches.
  public var underestimatedCount: Int { loader.count - start }

  /// How far the latest loop over this epoch has come: after the batch that it was handed last.
  ///
  /// In the body of the loop, after the step, this is what to save; `DataLoader.epoch(from:)` goes
  /// on from there. Batches that have been prepared ahead do not count.
  public var position: EpochPosition { EpochPosition(epoch: number, batch: progress.batch) }

  /// An iterator before the first batch.
  public func makeIterator() -> Iterator {
    progress.batch = start
    return Iterator(self, progress)
  }

  /// How many batches of the epoch are done, as the latest iterator counts them.
  final class Progress {
    var batch: Int
    init(batch: Int) { self.batch = batch }
  }

  /// Hands out the batches of an epoch and tells the communicator this rank's share of the current
  /// one.
  ///
  /// After the last batch, or when the iterator is gone, the communicator's `batchShare` is again
  /// what it was before the first: an evaluation inside a training loop leaves the loop's share
  /// alone. When the iterator is gone so are its thread and the batches prepared ahead.
  public final class Iterator: IteratorProtocol {
    private let loader: DataLoader
    private let epoch: Int
    /// The order of the samples; nil where it is that of the data.
    private let order: [Int]?
    private let progress: Progress
    /// The next batch to prepare.
    private var upcoming: Int
    /// Batches that are prepared or in preparation, at most `loader.prefetching`.
    private var pending: [UnfilledBatch] = []
    /// Fills the pending batches, in their order; nil where this thread does.
    private let worker: Worker?
    /// What `batchShare` was before this iterator set it; nil while it has not.
    private var outerShare: BatchShare??

    init(_ epoch: Epoch, _ progress: Progress) {
      let loader = epoch.loader
      self.loader = loader
      self.epoch = epoch.number
      self.progress = progress
      upcoming = epoch.start
      order = loader.seed.map {
        SampleOrder.indices(count: loader.plan.datasetCount, seed: $0, epoch: epoch.number)
      }
      worker = loader.prefetching > 0 && epoch.underestimatedCount > 1 ? Worker() : nil
    }

    /// This rank's share of the next batch.
    public func next() -> (Tensor, Tensor)? {
      loader.communicator?.note(.dataLoading)
      defer { loader.communicator?.note(.forward) }
      if pending.isEmpty { prepareNext() }
      guard !pending.isEmpty else {
        endSharing()
        return nil
      }
      worker?.wait()
      let batch = pending.removeFirst()
      let index = upcoming - pending.count - 1
      if worker != nil {
        while pending.count < loader.prefetching, upcoming < loader.count { prepareNext() }
      }
      if let communicator = loader.communicator {
        let share = loader.plan.share(of: index, rank: communicator.rank)
        if outerShare == nil { outerShare = .some(communicator.batchShare) }
        communicator.batchShare = BatchShare(
          local: share.count, global: loader.plan.batch(index).count)
      }
      progress.batch = index + 1
      return (batch.inputs, batch.targets)
    }

    /// Begins with the next batch, if there is one; without a worker it is then ready.
    private func prepareNext() {
      guard upcoming < loader.count else { return }
      let share = loader.plan.share(of: upcoming, rank: loader.communicator?.rank ?? 0)
      let indices = order.map { $0[share] } ?? ArraySlice(share)
      let batch = loader.dataset.unfilledBatch(SampleSelection(indices, epoch: epoch))
      pending.append(batch)
      upcoming += 1
      if let worker { worker.submit(batch.fill) } else { batch.fill() }
    }

    private func endSharing() {
      if let outerShare { loader.communicator?.batchShare = outerShare }
      outerShare = nil
    }

    deinit {
      // Before the tensors go that the worker may be writing to.
      worker?.finish()
      endSharing()
    }
  }
}
