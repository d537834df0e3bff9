import Communication
import TestSupport
import Testing

/// What watchdogs make of ranks by what these show, at moments that the test names.
@Suite struct WatchdogTests {
  private static let second: UInt64 = 1_000_000_000
  private let ranks = SimulatedRank.all(2)

  /// Lets the watchdogs of `looking` look ten times a second, from one second to another, and returns
  /// what they see in the end.
  private func view(
    _ looking: [Int], from first: Double = 0, to last: Double
  ) -> JobView {
    var now = moment(first)
    while now <= moment(last) {
      for rank in looking { _ = ranks[rank].watchdog.note(at: now) }
      now += Self.second / 10
    }
    return ranks[looking[0]].watch.viewOfHost(at: moment(last))
  }

  private func moment(_ seconds: Double) -> UInt64 {
    SimulatedRank.start + UInt64(seconds * Double(Self.second))
  }

  /// Rank 0 has come out of a barrier and waits in the next; rank 1 waits in a window for rank 0.
  private func waitForEachOther() {
    ranks[0].enterBarrier()
    ranks[1].watch.awaitArrival(of: 0)
  }

  @Test func ranksThatWaitForEachOtherDisagree() {
    waitForEachOther()
    #expect(view([0, 1], to: 10).isDeadlock)
  }

  /// It has been in its wait for as long as the other, but it does not run: what it waits for may have
  /// come.
  @Test func aRankThatIsStoppedInItsWaitDoesNotDisagree() {
    waitForEachOther()
    _ = view([0, 1], to: 5)
    let view = view([0], from: 5, to: 10)
    #expect(!view.isDeadlock)
    #expect(view.sentences().first?.contains("rank 1 waits in ") == true, "\(view.sentences())")
    #expect(view.sentences().first?.contains("; its process does not run") == true)
  }

  @Test func aRankThatComputesDoesNotDisagree() {
    ranks[0].enterBarrier()
    #expect(!view([0, 1], to: 10).isDeadlock)
  }

  @Test func ranksThatAllHaveComeDoNotDisagree() {
    ranks[0].enterBarrier()
    ranks[1].enterBarrier()
    #expect(!view([0, 1], to: 10).isDeadlock)
  }

  /// The whole job is suspended for an hour: the time counts for nobody.
  @Test func timeInWhichAProcessWasSuspendedDoesNotCount() {
    ranks[0].enterBarrier()
    ranks[1].enterBarrier()
    _ = view([0, 1], to: 5)
    let before = ranks[0].watch.viewOfHost(at: moment(5)).longestWait
    #expect(before > 4.8 && before < 5.2)
    let view = view([0, 1], from: 3605, to: 3606)
    #expect(view.longestWait > 5.8 && view.longestWait < 7.2, "\(view.longestWait)")
  }

  /// Only one of them goes on: the other's wait counts from where it was.
  @Test func timeCountsForThoseThatRun() {
    ranks[0].enterBarrier()
    ranks[1].enterBarrier()
    _ = view([0, 1], to: 5)
    let view = view([0], from: 5, to: 100)
    #expect(view.longestWait > 99 && view.longestWait < 101, "\(view.longestWait)")
    #expect(!view.isDeadlock)
  }

  /// A rank that goes on later is not taken for one that has waited for so long.
  @Test func aRankThatHasNotGoneOnYetHasNotWaited() {
    ranks[0].enterBarrier()
    ranks[1].enterBarrier()
    _ = view([0, 1], to: 5)
    let view = view([0], from: 3605, to: 3605.5)
    #expect(view.longestWait < 7, "\(view.longestWait)")
  }

  @Test func aRankThatLeavesWaitsForThoseThatDoNot() {
    ranks[0].leave()
    let view = view([0, 1], to: 10)
    #expect(view.longestWait > 9)
    #expect(view.sentences().count == 2)
    #expect(view.sentences().first?.hasPrefix("rank 1 is in set-up for ") == true)
    #expect(view.sentences().last?.hasPrefix("rank 0 has been leaving MPI for ") == true)
  }
}
