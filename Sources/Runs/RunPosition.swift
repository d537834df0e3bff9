import DataLoading

/// How far a run has come through its data.
struct RunPosition {
  /// The epoch that is under way, from 1, and how many of its batches were trained on before.
  private(set) var epoch = 1
  private var start = 0
  /// The batches that are being handed out.
  private var current: Epoch?
  /// The data that they are of; on resumption, those of the checkpoint.
  private(set) var data: DataFacts?

  init() {}

  init(_ position: EpochPosition, _ data: DataFacts?) {
    (epoch, start, self.data) = (position.epoch, position.batch, data)
  }

  /// What to save: the batches that were handed out are done.
  var saved: EpochPosition {
    EpochPosition(epoch: epoch, batch: current?.position.batch ?? start)
  }

  /// Whether all batches of the epoch were handed out.
  var isAtEnd: Bool { current.map { $0.position.batch >= $0.loader.count } ?? false }

  /// The rest of `epoch`; `misfit` is called where it is of other data than those that the position is in.
  mutating func rest(of epoch: Epoch, misfit: (String) -> Void) -> Epoch {
    if data == nil || start > 0 {
      let facts = DataFacts(epoch.loader)
      if start > 0, let difference = data.flatMap(facts.difference) { misfit(difference) }
      data = facts
    }
    let isOther = epoch.number != self.epoch
    let rest =
      isOther || start == 0
      ? epoch : epoch.loader.epoch(epoch.number, from: max(epoch.start, start))
    self.epoch = epoch.number
    start = 0
    current = rest
    return rest
  }

  /// Goes on to the next epoch.
  mutating func advance() {
    epoch += 1
    start = 0
    current = nil
  }
}
