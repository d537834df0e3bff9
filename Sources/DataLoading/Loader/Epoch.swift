import Steps
public import TensorCore

/// One pass over the data: a sequence of inputs `[B] + inputShape` and targets `[B] + targetShape`.
///
/// `B` is the size of this rank's share of the batch. Where a batch has fewer samples than there
/// are ranks it is 0 on some; they take the step all the same. Each loop over an epoch runs through
/// it anew.
public struct Epoch: Sequence {
  package let loader: DataLoader
  package let number: Int
  package let start: Int
  let progress: Progress

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

  /// Hands out the batches of an epoch, and says which share of the current one this rank has.
  ///
  /// After the last batch, or when the iterator is gone, the rank's `step.batch` and the default
  /// random numbers are again what they were before the first: an evaluation inside a training loop
  /// leaves the loop's share alone. When the iterator is gone so are its thread and the batches
  /// prepared ahead.
  public final class Iterator: IteratorProtocol {
    private let loader: DataLoader
    private let number: Int
    private let queue: BatchQueue
    private let progress: Progress
    private let scope: BatchScope

    init(_ epoch: Epoch, _ progress: Progress) {
      let loader = epoch.loader
      self.loader = loader
      self.progress = progress
      number = epoch.number
      scope = BatchScope(loader, epoch: epoch.number)
      let rank = loader.member?.rank ?? 0
      queue = BatchQueue(
        loader, epoch: epoch.number,
        parts: (epoch.start..<loader.count).map { loader.plan.share(of: $0, rank: rank) })
    }

    /// This rank's share of the next batch.
    public func next() -> (Tensor, Tensor)? {
      loader.member?.note(.dataLoading)
      defer { loader.member?.note(.forward) }
      guard let batch = queue.next() else {
        scope.end()
        return nil
      }
      if let member = loader.member {
        let share = loader.plan.share(of: progress.batch, rank: member.rank)
        let whole = loader.plan.batch(progress.batch)
        // What chance does belongs to these samples, whichever rank has them.
        scope.begin(
          BatchShare(local: share.count, global: whole.count),
          drawingFor: [number, progress.batch, share.lowerBound, share.upperBound])
      } else if isGradientEnabled {
        UnshardedBatches.count += 1
      }
      progress.batch += 1
      return batch
    }
  }
}
