import Steps
import Support

/// Where the time of a rank goes besides its own arithmetic.
///
/// Always kept: a reading of the clock costs 25 ns, and a training step takes two for each
/// parameter and for the exchange.
///
/// `@unchecked Sendable`: belongs to the thread that calls the rank's collectives.
public final class StepProfile: @unchecked Sendable {
  private var exchanging: UInt64 = 0
  private var loading: UInt64 = 0
  /// When the rank began to load a batch; nil while it does not.
  private var loadingSince: UInt64?
  /// What time it is, in nanoseconds.
  package let clock: @Sendable () -> UInt64

  /// No time at all, of a clock that tests may move themselves.
  package init(clock: @escaping @Sendable () -> UInt64 = { monotonicNanoseconds() }) {
    self.clock = clock
  }

  /// Does `step`, a whole training step, and says what it took.
  public func measure<Result>(_ step: () throws -> Result) rethrows -> (Result, StepTimes) {
    let start = (clock(), exchanging, loading)
    let result = try step()
    let times = StepTimes(
      seconds: Double(clock() - start.0) * 1e-9,
      exchanging: Double(exchanging - start.1) * 1e-9, loading: Double(loading - start.2) * 1e-9)
    return (result, times)
  }

  /// Counts `body` as exchange of gradients.
  package func exchange<Result>(_ body: () -> Result) -> Result {
    let start = clock()
    defer { exchanging += clock() - start }
    return body()
  }

  /// Goes on to `phase`.
  func note(_ phase: Phase) {
    if let since = loadingSince { loading += clock() - since }
    loadingSince = phase.isDataLoading ? clock() : nil
  }
}

/// What one training step took on one rank, in seconds.
public struct StepTimes: Hashable, Sendable {
  /// From its beginning to its end.
  public var seconds: Double
  /// What of it the rank spent in the exchange of gradients: sending, adding, waiting for others.
  public var exchanging: Double
  /// What of it the rank waited for a `DataLoader` to hand out a batch.
  public var loading: Double

  /// A step that took so many seconds.
  package init(seconds: Double, exchanging: Double, loading: Double) {
    self.seconds = seconds
    self.exchanging = exchanging
    self.loading = loading
  }
}
