import Communication
import DataParallel
import Elements
import Glibc
import Parallel
import Testing
import TestSupport

/// When messages travel between hosts, over a network and by a clock that the tests move.
@Suite struct OverlapTests {
  private static let buckets = 8

  /// Messages of two hosts with one rank each, and the threads that waited for them.
  private final class Messages: Sendable {
    private struct Rank {
      var thread: pthread_t = 0
      var count = 0
      var ofOwnThread = 0
    }
    private let ranks = Locked([Rank(), Rank()])

    /// The calling thread is that of `rank`; no message has been sent yet.
    func begin(_ rank: Int) { ranks.withLock { $0[rank] = Rank(thread: pthread_self()) } }

    /// Counts a message; returns whether the rank's own thread has waited for it.
    @discardableResult
    func add(_ rank: Int) -> Bool {
      ranks.withLock { ranks in
        let isOwn = ranks[rank].thread == pthread_self()
        ranks[rank].count += 1
        if isOwn { ranks[rank].ofOwnThread += 1 }
        return isOwn
      }
    }

    /// How many messages of `rank` have arrived.
    func count(_ rank: Int) -> Int { ranks.withLock { $0[rank].count } }
    /// For how many of them its own thread has waited.
    func countOfOwnThread(_ rank: Int) -> Int { ranks.withLock { $0[rank].ofOwnThread } }
  }

  private static func exchange(
    _ overlap: CommunicationOverlap, over world: any Communicator
  ) -> SharedMemoryExchange? {
    let wire = Wire((0..<buckets).map { Stretch(.float32, start: 256 * $0, count: 64) })
    return world.makeSharedWindow(byteCount: SharedMemoryExchange.byteCount(wire)).map {
      SharedMemoryExchange(wire, in: $0, over: world, overlap: overlap)
    }
  }

  /// A rank that goes on with its backward pass only when the network has carried what it has
  /// published: where messages wait for the end of the pass, that never comes.
  @Test func bucketsTravelWhileTheRankComputes() {
    let messages = Messages()
    let late = withSimulatedRanks(2, ranksPerHost: [1, 1], messageDidArrive: { messages.add($0) }) {
      world -> [String] in
      guard let exchange = Self.exchange(.on, over: world) else { return ["no window"] }
      var late: [String] = []
      for round in 0..<3 where late.isEmpty {
        exchange.begin(weight: 1, total: 1)
        for bucket in 0..<Self.buckets {
          exchange.publish(bucket)
          exchange.progress()
          let sent = round * Self.buckets + bucket + 1
          if late.isEmpty, !waitUntil({ messages.count(world.rank) >= sent }) {
            late.append("bucket \(bucket) of round \(round) waits for the end of the pass")
          }
        }
        exchange.finish()
      }
      return late
    }
    #expect(late == [[], []])
  }

  @Test func withoutOverlapNothingTravelsBeforeTheEndOfThePass() {
    let messages = Messages()
    let counts = withSimulatedRanks(
      2, ranksPerHost: [1, 1], messageDidArrive: { messages.add($0) }
    ) {
      world -> [Int] in
      guard let exchange = Self.exchange(.off, over: world) else { return [] }
      messages.begin(world.rank)
      exchange.begin(weight: 1, total: 1)
      for bucket in 0..<Self.buckets {
        exchange.publish(bucket)
        exchange.progress()
      }
      let before = messages.count(world.rank)
      exchange.finish()
      return [before, messages.count(world.rank), messages.countOfOwnThread(world.rank)]
    }
    #expect(counts == [[0, 8, 8], [0, 8, 8]], "no thread but the rank's own waits for messages")
  }

  /// Milliseconds of a message that travels beside the computing, and of one that does not, for
  /// each rank; and what is faster for both together.
  struct Network: Sendable {
    let beside: [UInt64]
    let alone: [UInt64]
    let overlaps: Bool
  }

  /// Both ways take turns; all ranks go on with the one that is faster for all.
  @Test(arguments: [
    Network(beside: [3, 3], alone: [5, 5], overlaps: true),
    Network(beside: [5, 5], alone: [3, 3], overlaps: false),
    // One of the ranks by itself would choose otherwise.
    Network(beside: [3, 6], alone: [5, 5], overlaps: true),
    Network(beside: [3, 8], alone: [5, 5], overlaps: false),
  ])
  func theFasterWayIsKept(_ network: Network) {
    let clock = StoppedClock(ranks: 2)
    let messages = Messages()
    let own = withSimulatedRanks(
      2, ranksPerHost: [1, 1], clock: clock,
      messageDidArrive: { rank in
        let time = messages.add(rank) ? network.alone : network.beside
        clock.move(milliseconds: time[rank], on: rank)
      },
      { world -> [Int] in
        guard let exchange = Self.exchange(.automatic, over: world) else { return [] }
        let trial = OverlapTrial.warmUp + OverlapTrial.length
        return (0..<trial + 5).map { round in
          messages.begin(world.rank)
          // The first steps are slow, and must not count.
          if round < OverlapTrial.warmUp { clock.move(milliseconds: 900, on: world.rank) }
          exchange.begin(weight: 1, total: 1)
          for bucket in 0..<Self.buckets {
            exchange.publish(bucket)
            exchange.progress()
          }
          exchange.finish()
          return messages.countOfOwnThread(world.rank)
        }
      })
    let turns = (0..<OverlapTrial.warmUp + OverlapTrial.length).map { $0.isMultiple(of: 2) ? 8 : 0 }
    let kept = Array(repeating: network.overlaps ? 0 : 8, count: 5)
    #expect(own == [turns + kept, turns + kept])
  }

  /// Steps of 3 ms that overlap and of 5 ms that do not, or the other way round; the first steps,
  /// which are slow, must not count.
  @Test(arguments: [(3.0, 5.0), (5.0, 3.0)])
  func theTwoWaysTakeTurnsUntilTheFasterIsKnown(_ on: Double, _ off: Double) {
    var trial = OverlapTrial()
    var (now, overlaps, taken) = (UInt64(1_000_000), false, [false: 0, true: 0])
    for round in 0..<(OverlapTrial.warmUp + OverlapTrial.length) {
      #expect(!trial.isComplete)
      taken[overlaps, default: 0] += 1
      now += round < OverlapTrial.warmUp ? 90_000_000 : UInt64((overlaps ? on : off) * 1e6)
      overlaps = trial.roundDidEnd(at: now)
    }
    #expect(trial.isComplete && taken[true] == taken[false])
    #expect(matched(trial.medians, [off, on]).allSatisfy { abs($0 - $1 * 1e-3) < 1e-9 })
  }

  /// Beyond the trial, in which the ranks agree what is faster.
  @Test func sumsAreCompleteWhileTheWaysAreTried() {
    let wrong = withThreadRanks(4, ranksPerHost: [2, 2]) { world -> Int in
      let wire = Wire((0..<3).map { Stretch(.float32, start: 256 * $0, count: 64) })
      guard let window = world.makeSharedWindow(byteCount: SharedMemoryExchange.byteCount(wire))
      else { return -1 }
      let exchange = SharedMemoryExchange(wire, in: window, over: world)
      let buckets = wire.stretches.map { Numbers($0, of: window.parts[world.localRank]) }
      var room = [Float](repeating: 0, count: 64)
      return (1...2 * (OverlapTrial.warmUp + OverlapTrial.length)).filter { round in
        exchange.begin(weight: 1, total: 1)
        for (index, bucket) in buckets.enumerated() {
          bucket.write(0..<64, [Float](repeating: Float(round * (world.rank + 1)), count: 64))
          exchange.publish(index)
          exchange.progress()
        }
        exchange.finish()
        return buckets.contains { bucket in
          room.withUnsafeMutableBufferPointer { room in
            guard let start = room.baseAddress else { return true }
            let found = bucket.read(0..<64, start)
            return (0..<64).contains { found[$0] != Float(10 * round) }
          }
        }
      }.count
    }
    #expect(wrong == [0, 0, 0, 0])
  }
}
