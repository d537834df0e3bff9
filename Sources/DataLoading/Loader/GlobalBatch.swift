import Steps
public import TensorCore

extension Epoch {
  /// The batches of this epoch, each as the micro-batches that this rank runs.
  ///
  /// ```swift
  /// for batch in batches.epoch(1).globalBatches {
  ///   optimizer.zeroGrad()
  ///   for (images, labels) in batch.microBatches {
  ///     crossEntropy(model(images), labels).backward()
  ///   }
  ///   optimizer.step()
  /// }
  /// ```
  ///
  /// Every rank must take every step, also one that has no micro-batch of a batch.
  ///
  /// While a micro-batch is worked on, this thread's default random numbers are its own: a function
  /// of the default generator's seed before the loop, the epoch, the batch and the micro-batch, and
  /// so the same whichever rank runs it.
  public var globalBatches: GlobalBatches { GlobalBatches(self) }
}

/// The batches of an epoch, to be gone through once.
public struct GlobalBatches: Sequence {
  private let epoch: Epoch

  init(_ epoch: Epoch) { self.epoch = epoch }

  /// An iterator before the first batch.
  public func makeIterator() -> Iterator { Iterator(epoch) }

  /// Hands out the batches of an epoch; see `Epoch.Iterator` for what is said to whom.
  public final class Iterator: IteratorProtocol {
    private let epoch: Epoch
    private let queue: BatchQueue
    private let scope: BatchScope
    private var upcoming: Int
    private var current: MicroBatches?

    init(_ epoch: Epoch) {
      self.epoch = epoch
      let loader = epoch.loader
      let rank = loader.member?.rank ?? 0
      upcoming = epoch.start
      scope = BatchScope(loader, epoch: epoch.number)
      queue = BatchQueue(
        loader, epoch: epoch.number,
        parts: (epoch.start..<loader.count).flatMap { batch in
          loader.plan.filledMicroBatches(of: batch, rank: rank).map {
            loader.plan.microBatch($0, of: batch)
          }
        })
    }

    /// The next batch; what was left of the one before is skipped.
    public func next() -> GlobalBatch? {
      while current?.next() != nil {}
      guard upcoming < epoch.loader.count else {
        scope.end()
        return nil
      }
      let microBatches = MicroBatches(epoch, batch: upcoming, queue, scope)
      current = microBatches
      upcoming += 1
      epoch.progress.batch = upcoming
      return GlobalBatch(
        index: upcoming - 1, sampleCount: epoch.loader.plan.batch(upcoming - 1).count,
        microBatches: microBatches)
    }

    // The scope ends here, also where a sequence of micro-batches is still held.
    deinit { scope.end() }
  }
}

/// One batch of an epoch, of whose micro-batches this rank runs some.
public struct GlobalBatch {
  /// Its number in the epoch, from 0.
  public let index: Int
  /// The number of samples on all ranks.
  public let sampleCount: Int
  /// Those that this rank runs, in order; to be gone through once.
  public let microBatches: MicroBatches
}

/// The micro-batches of one batch that a rank runs: inputs `[b] + inputShape` and targets
/// `[b] + targetShape`, none of them empty.
public final class MicroBatches: Sequence, IteratorProtocol {
  private let loader: DataLoader
  private var place: MicroBatch
  private let queue: BatchQueue
  private let scope: BatchScope
  private let sampleCount: Int
  private var upcoming: Int

  init(_ epoch: Epoch, batch: Int, _ queue: BatchQueue, _ scope: BatchScope) {
    loader = epoch.loader
    let plan = loader.plan
    let own = plan.filledMicroBatches(of: batch, rank: loader.member?.rank ?? 0)
    sampleCount = plan.batch(batch).count
    place = MicroBatch(
      epoch: epoch.number, batch: batch, index: own.lowerBound,
      count: Swift.min(plan.microBatchCount, sampleCount), ofRank: own)
    self.queue = queue
    self.scope = scope
    upcoming = own.lowerBound
    if let step = loader.member?.step {
      step.batchCount += 1
      place.number = step.batchCount
    }
    scope.begin(BatchShare(local: 0, global: sampleCount, microBatch: place), drawingFor: nil)
  }

  /// How many there are.
  public var count: Int { place.ofRank.count }

  /// The next micro-batch, and with it its share of the batch and its random numbers.
  public func next() -> (Tensor, Tensor)? {
    if upcoming < place.ofRank.upperBound { loader.member?.note(.dataLoading) }
    defer { loader.member?.note(.forward) }
    guard upcoming < place.ofRank.upperBound, let batch = queue.next() else {
      scope.endPart()
      return nil
    }
    var place = place
    place.index = upcoming
    scope.begin(
      BatchShare(local: batch.0.shape[0], global: sampleCount, microBatch: place),
      drawingFor: [place.epoch, place.batch, upcoming])
    if loader.member == nil, isGradientEnabled { UnshardedBatches.count += 1 }
    upcoming += 1
    return batch
  }
}
