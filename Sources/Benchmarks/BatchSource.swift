import Lockstep

/// Where a benchmark's batches come from: one that is used again and again, or a `DataLoader`.
struct BatchSource {
  /// Batches that a loader goes through before it begins anew.
  private static let batchesPerEpoch = 8

  /// This rank's samples of each batch.
  let share: Int
  private let loader: DataLoader
  private let first: (Tensor, Tensor)?
  private var epoch = 1
  private var batches: Epoch.Iterator

  /// Batches of `items` samples of `workload`, shared out over `world`; with `isLoaded` from a
  /// loader over data in memory, shuffled, as in training.
  init(_ workload: Workload, items: Int, over world: any Communicator, isLoaded: Bool) {
    loader = DataLoader(
      workload.makeData(items * (isLoaded ? Self.batchesPerEpoch : 1)), batchSize: items,
      shuffledBy: 1, shardedOver: world, prefetching: isLoaded ? nil : 0)
    share = loader.plan.share(of: 0, rank: world.rank).count
    batches = loader.epoch(1).makeIterator()
    first = isLoaded ? nil : batches.next()
  }

  /// This rank's share of the next batch.
  mutating func next() -> (inputs: Tensor, targets: Tensor) {
    if let batch = first ?? batches.next() { return batch }
    epoch += 1
    batches = loader.epoch(epoch).makeIterator()
    return next()
  }
}
