import Diagnostics
import Parallel
public import Steps

/// Batches of a data set, epoch after epoch, in an order that depends on a seed and the epoch only.
///
/// ```swift
/// let batches = DataLoader(
///   try MNIST(.train), batchSize: 64, shuffledBy: 7, shardedOver: world)
/// for (images, labels) in batches.epoch(1) {
///   print(images.shape, labels.shape)  // [64, 1, 28, 28] [64], and less at the end of the epoch
/// }
/// ```
///
/// `batchSize` is the size of the *global* batch. With `shardedOver:` each rank gets its share of
/// every batch, see ``ShardPlan``: how many ranks there are changes neither the number of batches
/// nor which samples are in them. A batch is a pair of new tensors; its samples are copied, by a
/// thread that works ahead.
public struct DataLoader {
  /// How each epoch is cut into batches and shares.
  public let plan: ShardPlan

  package let dataset: any Dataset
  package let seed: UInt64?
  /// The rank whose share of every batch is handed out; nil: the whole batch is.
  let member: (any StepMember)?
  let prefetching: Int

  /// Batches of `batchSize` samples, shared by all ranks of `member` or all for this process.
  ///
  /// - Parameters:
  ///   - dataset: the samples, the same on all ranks.
  ///   - batchSize: the size of the global batch.
  ///   - seed: determines, with the epoch, the order of the samples; without it they keep that of
  ///     the data.
  ///   - member: the communicator whose ranks share each batch. While an epoch is running, its
  ///     `step.batch` says which part of the current batch this rank has, and default random numbers
  ///     are those of the batch and the share.
  ///   - microBatches: how many micro-batches each global batch is cut into, see
  ///     `Epoch.globalBatches`; one for each rank by default.
  ///   - dropLast: leaves out the samples at the end of an epoch that do not fill a batch.
  ///   - prefetching: how many batches a thread prepares ahead of the one in use; with 0 there is
  ///     no thread, and each batch is put together when it is asked for. By default
  ///     2, or 0 where the process may run on one core only. It never changes what is in a batch.
  ///
  /// Stops the program if `batchSize` is not positive, `prefetching` is negative, or the data set has no samples, fewer than
  /// the communicator has ranks (`requireSamples(forRanks:)` throws instead), or with `dropLast`
  /// fewer than `batchSize`.
  public init(
    _ dataset: some Dataset, batchSize: Int, shuffledBy seed: UInt64? = nil,
    shardedOver member: (any StepMember)? = nil, microBatches: Int? = nil,
    dropLast: Bool = false, prefetching: Int? = nil
  ) {
    let ranks = member?.size ?? 1
    check(batchSize > 0, "DataLoader: the batch size is \(batchSize), but must be at least 1")
    let prefetching = prefetching ?? Self.defaultPrefetching
    check(
      prefetching >= 0, "DataLoader: prefetching is \(prefetching), but must not be negative")
    do { try dataset.requireSamples(forRanks: ranks) } catch { stop("DataLoader: \(error)") }
    check(
      !dropLast || dataset.count >= batchSize,
      "DataLoader: \(dataset.count) samples do not fill one batch of \(batchSize) with dropLast")
    plan = ShardPlan(
      datasetCount: dataset.count, batchSize: batchSize, rankCount: ranks,
      microBatches: microBatches, dropLast: dropLast)
    self.dataset = dataset
    self.seed = seed
    self.member = member
    self.prefetching = prefetching
  }

  private static var defaultPrefetching: Int { Threads.availableCores > 1 ? 2 : 0 }

  /// How many batches an epoch has, on every rank.
  public var count: Int { plan.batchCount }

  /// How many samples an epoch visits, on all ranks together.
  public var sampleCount: Int { plan.sampleCount }

  /// The batches of pass `number` over the data, without the first `start`.
  ///
  /// A run that is resumed within an epoch gives the number of batches that were done.
  /// Stops the program if `start` is not in `0...count`.
  public func epoch(_ number: Int, from start: Int = 0) -> Epoch {
    check(
      start >= 0 && start <= count,
      "epoch: there is no batch \(start) to start from in an epoch of \(count)")
    return Epoch(loader: self, number: number, start: start)
  }

  /// The rest of the epoch that a run had reached when it saved `Epoch.position`.
  ///
  /// With the same data, batch size and seed these are the batches that it had still to do, for any
  /// number of ranks. Stops the program if the epoch does not have as many batches.
  public func epoch(from position: EpochPosition) -> Epoch {
    epoch(position.epoch, from: position.batch)
  }
}
