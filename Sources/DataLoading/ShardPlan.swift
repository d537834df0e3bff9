import Diagnostics

/// How the samples of an epoch are cut into global batches, and each of those into one share per
/// rank.
///
/// Positions are places in the epoch's order, the same on all ranks. Global batches follow one
/// another without gaps and do not depend on the number of ranks. The shares of a batch are
/// contiguous, in the order of the ranks, hold each of its samples once, and differ in size by at
/// most one. Every rank gets a share of every batch, if need be an empty one, so that all ranks
/// take the same number of steps.
public struct ShardPlan: Hashable, Sendable {
  /// How many samples the data set has.
  public let datasetCount: Int
  /// How many samples a global batch has; the last one may have fewer.
  public let batchSize: Int
  /// How many ranks share each batch.
  public let rankCount: Int
  /// How many batches an epoch has, on every rank.
  public let batchCount: Int

  /// A plan for one epoch. With `dropLast` the samples that do not fill a batch are left out.
  ///
  /// Stops the program if `datasetCount` is negative or one of the sizes is not positive.
  public init(datasetCount: Int, batchSize: Int, rankCount: Int = 1, dropLast: Bool = false) {
    check(datasetCount >= 0, "ShardPlan: the number of samples is \(datasetCount)")
    check(batchSize > 0, "ShardPlan: the batch size is \(batchSize), but must be at least 1")
    check(rankCount > 0, "ShardPlan: the number of ranks is \(rankCount), but must be at least 1")
    self.datasetCount = datasetCount
    self.batchSize = batchSize
    self.rankCount = rankCount
    let (fullBatches, rest) = datasetCount.quotientAndRemainder(dividingBy: batchSize)
    batchCount = fullBatches + (rest > 0 && !dropLast ? 1 : 0)
  }

  /// How many samples an epoch visits, on all ranks together.
  public var sampleCount: Int {
    batchCount == 0 ? 0 : batch(batchCount - 1).upperBound
  }

  /// The positions of the samples of the global batch `index`.
  ///
  /// Stops the program if `index` is not in `0..<batchCount`.
  public func batch(_ index: Int) -> Range<Int> {
    check(
      index >= 0 && index < batchCount,
      "ShardPlan: batch \(index) is out of range of an epoch of \(batchCount)")
    let start = index * batchSize
    return start..<start + min(batchSize, datasetCount - start)
  }

  /// The positions of those samples of the global batch `index` that belong to `rank`.
  ///
  /// Stops the program if `index` is not in `0..<batchCount` or `rank` not in `0..<rankCount`.
  public func share(of index: Int, rank: Int) -> Range<Int> {
    check(
      rank >= 0 && rank < rankCount, "ShardPlan: rank \(rank) is out of range of \(rankCount) ranks"
    )
    let batch = batch(index)
    let (size, larger) = batch.count.quotientAndRemainder(dividingBy: rankCount)
    let start = batch.lowerBound + rank * size + min(rank, larger)
    return start..<start + size + (rank < larger ? 1 : 0)
  }
}
