import Steps

/// Where the time of training steps goes, in seconds of a step.
///
/// Every rank takes the mean over its ordinary steps, the middle half by time, so that the parts
/// add up and an interruption does not count; and of these it is the mean over all ranks.
public struct StepSplit: Hashable, Sendable, CustomStringConvertible {
  /// Everything that is none of the other parts.
  public let compute: Double
  /// Exchange of gradients that was not hidden behind computing, without waiting.
  public let communication: Double
  /// Waiting in the exchange until the last rank came.
  public let waiting: Double
  /// Waiting for a `DataLoader`.
  public let data: Double
  /// The rank for which the others waited, which is the one that waited least itself; by its number
  /// in the job.
  public let slowestRank: Int

  /// Where the time of `steps` has gone, as many on all ranks and at least one. Collective.
  ///
  /// Nobody leaves an exchange before the last rank has come to it. So what one rank is busy for
  /// less than the busiest one, between two exchanges, is what it waits in the second.
  public init(of steps: [StepTimes], over world: any Communicator) {
    let busy = world.gather(steps.map { $0.seconds - $0.exchanging })
    let waiting = steps.indices.map { step in
      (busy.map { $0[step] }.max() ?? 0) - busy[world.rank][step]
    }
    let sorted = steps.indices.sorted { steps[$0].seconds < steps[$1].seconds }
    let ordinary = sorted[(sorted.count / 4)..<(sorted.count - sorted.count / 4)]
    func mean(_ part: (Int) -> Double) -> Double {
      ordinary.reduce(0) { $0 + part($1) } / Double(ordinary.count)
    }
    let ranks = world.gather([
      mean { steps[$0].seconds }, mean { max(0, steps[$0].exchanging - waiting[$0]) },
      mean { min(waiting[$0], steps[$0].exchanging) }, mean { steps[$0].loading },
    ])
    func meanOfRanks(_ part: Int) -> Double {
      ranks.reduce(0) { $0 + $1[part] } / Double(ranks.count)
    }
    communication = meanOfRanks(1)
    self.waiting = meanOfRanks(2)
    data = meanOfRanks(3)
    compute = meanOfRanks(0) - communication - self.waiting - data
    let slowest = ranks.indices.min { ranks[$0][2] < ranks[$1][2] } ?? 0
    slowestRank = world.numbersInJob(of: [slowest])[0]
  }

  /// The parts in milliseconds.
  public var description: String {
    func milliseconds(_ seconds: Double) -> Double { (seconds * 1e6).rounded() / 1e3 }
    return """
      \(milliseconds(compute)) ms computing, \(milliseconds(communication)) communication, \
      \(milliseconds(waiting)) waiting for the slowest rank (\(slowestRank)), \
      \(milliseconds(data)) data
      """
  }
}
