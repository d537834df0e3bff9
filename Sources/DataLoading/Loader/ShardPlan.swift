import Diagnostics

/// How the samples of an epoch are cut into global batches, each of those into micro-batches, and
/// how these are shared out over the ranks.
///
/// Positions are places in the epoch's order, the same on all ranks. Global batches follow one
/// another without gaps, and neither they nor their micro-batches depend on the number of ranks.
/// The micro-batches of a batch are contiguous, hold each of its samples once, and differ in size
/// by at most one sample. Each rank runs as many as any other, or one more, also contiguous, in the
/// order of the ranks. Every rank gets a share of every batch, if need be an empty one, so that all
/// ranks take the same number of steps.
public struct ShardPlan: Hashable, Sendable {
  /// How many samples the data set has.
  public let datasetCount: Int
  /// How many samples a global batch has; the last one may have fewer.
  public let batchSize: Int
  /// How many ranks share each batch.
  public let rankCount: Int
  /// How many micro-batches each batch is cut into.
  public let microBatchCount: Int
  /// How many batches an epoch has, on every rank.
  public let batchCount: Int

  /// A plan for one epoch.
  ///
  /// Stops the program if `datasetCount` is negative or one of the sizes is not positive.
  ///
  /// - Parameters:
  ///   - microBatches: how many micro-batches make a batch; one for each rank by default.
  ///   - dropLast: leaves out the samples that do not fill a batch.
  public init(
    datasetCount: Int, batchSize: Int, rankCount: Int = 1, microBatches: Int? = nil,
    dropLast: Bool = false
  ) {
    let microBatches = microBatches ?? rankCount
    check(datasetCount >= 0, "ShardPlan: the number of samples is \(datasetCount)")
    check(batchSize > 0, "ShardPlan: the batch size is \(batchSize), but must be at least 1")
    check(rankCount > 0, "ShardPlan: the number of ranks is \(rankCount), but must be at least 1")
    check(
      microBatches > 0,
      "ShardPlan: the number of micro-batches is \(microBatches), but must be at least 1")
    self.datasetCount = datasetCount
    self.batchSize = batchSize
    self.rankCount = rankCount
    microBatchCount = microBatches
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

  /// The positions of the samples of micro-batch `part` of the global batch `index`.
  ///
  /// Stops the program if `index` is not in `0..<batchCount` or `part` not in
  /// `0..<microBatchCount`.
  public func microBatch(_ part: Int, of index: Int) -> Range<Int> {
    check(
      part >= 0 && part < microBatchCount,
      "ShardPlan: micro-batch \(part) is out of range of \(microBatchCount)")
    return piece(part, of: batch(index), pieces: microBatchCount)
  }

  /// The micro-batches of each batch that `rank` runs, of `0..<microBatchCount`.
  ///
  /// Stops the program if `rank` is not in `0..<rankCount`.
  public func microBatches(ofRank rank: Int) -> Range<Int> {
    check(
      rank >= 0 && rank < rankCount, "ShardPlan: rank \(rank) is out of range of \(rankCount) ranks"
    )
    return piece(rank, of: 0..<microBatchCount, pieces: rankCount)
  }

  /// The micro-batches of the global batch `index` that `rank` runs and that have samples; where
  /// the batch has fewer samples than micro-batches, the last ones have none.
  package func filledMicroBatches(of index: Int, rank: Int) -> Range<Int> {
    microBatches(ofRank: rank).clamped(to: 0..<Swift.min(microBatchCount, batch(index).count))
  }

  /// The positions of those samples of the global batch `index` that belong to `rank`: the samples
  /// of its micro-batches.
  ///
  /// Stops the program if `index` is not in `0..<batchCount` or `rank` not in `0..<rankCount`.
  public func share(of index: Int, rank: Int) -> Range<Int> {
    let parts = microBatches(ofRank: rank)
    let batch = batch(index)
    func start(_ part: Int) -> Int {
      part == microBatchCount
        ? batch.upperBound : piece(part, of: batch, pieces: microBatchCount).lowerBound
    }
    return start(parts.lowerBound)..<start(parts.upperBound)
  }

  /// Piece `index` of a range that is cut into `pieces`, the first of which get what is left over.
  private func piece(_ index: Int, of range: Range<Int>, pieces: Int) -> Range<Int> {
    let (size, larger) = range.count.quotientAndRemainder(dividingBy: pieces)
    let start = range.lowerBound + index * size + min(index, larger)
    return start..<start + size + (index < larger ? 1 : 0)
  }
}
