/// How far a run has come through its data: what to save, besides the seed, to go on where it was.
public struct EpochPosition: Hashable, Codable, Sendable {
  /// The number of the epoch.
  public var epoch: Int
  /// How many of its batches have been handed out.
  public var batch: Int

  /// The place after the first `batch` batches of `epoch`.
  public init(epoch: Int, batch: Int) {
    self.epoch = epoch
    self.batch = batch
  }
}
