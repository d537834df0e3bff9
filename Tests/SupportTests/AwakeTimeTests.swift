import Support
import Testing

/// Time without the stretches in which a process did not run.
@Suite struct AwakeTimeTests {
  private static let second: UInt64 = 1_000_000_000

  @Test func gapsThatAreTooLongDoNotCount() {
    var time = AwakeTime()
    let interval = Self.second / 10
    #expect(time.lost(at: 5 * Self.second, interval: interval) == 0)
    #expect(time.lost(at: 5 * Self.second + interval, interval: interval) == 0)
    // A second late, as on a busy machine.
    #expect(time.lost(at: 6 * Self.second, interval: interval) == 0)
    #expect(time.lost(at: 106 * Self.second, interval: interval) == 99 * Self.second)
    #expect(time.lost(at: 106 * Self.second + interval, interval: interval) == 0)
  }

  /// What it says may take a thread seconds.
  @Test func timeInWhichTheThreadWorkedCounts() {
    var time = AwakeTime()
    #expect(time.lost(at: 5 * Self.second, interval: Self.second / 10) == 0)
    time.rest(at: 9 * Self.second)
    #expect(time.lost(at: 10 * Self.second, interval: Self.second / 10) == 0)
  }

  @Test func aStopwatchStandsStillMeanwhile() {
    var stopwatch = AwakeStopwatch(interval: Self.second / 10, at: 0)
    for tenth in 1...20 {
      let seconds = stopwatch.look(at: UInt64(tenth) * Self.second / 10)
      #expect(abs(seconds - Double(tenth) * 0.1) < 1e-9)
    }
    #expect(abs(stopwatch.look(at: 1002 * Self.second) - 3) < 1e-9)
    #expect(abs(stopwatch.look(at: 1002 * Self.second + Self.second / 10) - 3.1) < 1e-9)
  }

  /// A machine on which each look comes late: time passes all the same.
  @Test func timePassesOnABusyMachine() {
    var stopwatch = AwakeStopwatch(interval: Self.second / 10, at: 0)
    var seconds = 0.0
    for look in 1...100 { seconds = stopwatch.look(at: UInt64(look) * 3 * Self.second) }
    #expect(abs(seconds - 100) < 1e-9)
  }
}
