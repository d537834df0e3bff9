/// How much of a global batch one rank works on.
public struct BatchShare: Hashable, Sendable {
  /// The number of samples on this rank.
  public var local: Int
  /// The number of samples on all ranks.
  public var global: Int
  /// Where the batch is cut into micro-batches, the one whose samples `local` counts.
  public var microBatch: MicroBatch?

  /// A share of `local` out of `global` samples.
  public init(local: Int, global: Int, microBatch: MicroBatch? = nil) {
    self.local = local
    self.global = global
    self.microBatch = microBatch
  }
}

/// One of the micro-batches that a global batch is cut into.
public struct MicroBatch: Hashable, Sendable {
  /// The pass over the data.
  public var epoch: Int
  /// The global batch of that pass.
  public var batch: Int
  /// The micro-batch, of `0 ..< count`.
  public var index: Int
  /// How many micro-batches the batch has, on all ranks.
  public var count: Int
  /// Those that this rank runs, in order; empty where there are more ranks than micro-batches.
  public var ofRank: Range<Int>

  /// Which of the batches that were handed out to this rank it is of, from 1; 0: nobody has counted.
  package var number = 0

  /// Micro-batch `index` of `count`, on a rank that runs those `ofRank`.
  public init(epoch: Int, batch: Int, index: Int, count: Int, ofRank: Range<Int>) {
    self.epoch = epoch
    self.batch = batch
    self.index = index
    self.count = count
    self.ofRank = ofRank
  }

  /// Whether this rank's work on the batch ends with it.
  public var isLastOfRank: Bool { index == ofRank.upperBound - 1 }

  /// Whether `other` is of the same global batch.
  package func isOfSameBatch(as other: MicroBatch) -> Bool {
    (number, epoch, batch) == (other.number, other.epoch, other.batch)
  }
}
