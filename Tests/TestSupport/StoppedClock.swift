import Parallel

/// A clock of several ranks that stands still until a test moves it.
package final class StoppedClock: Sendable {
  private struct Hand {
    var now: UInt64 = 1_000_000_000
    var readings = 0
  }

  private let hands: Locked<[Hand]>

  /// A clock that shows the same time on all of `ranks` ranks.
  package init(ranks: Int) {
    hands = Locked(Array(repeating: Hand(), count: ranks))
  }

  /// The time on a rank, in nanoseconds.
  package func read(on rank: Int) -> UInt64 {
    hands.withLock { hands in
      hands[rank].readings += 1
      return hands[rank].now
    }
  }

  /// How often the rank has looked at the clock.
  package func readings(of rank: Int) -> Int { hands.withLock { $0[rank].readings } }

  /// Lets so many milliseconds pass on all ranks.
  package func move(milliseconds: UInt64) {
    hands.withLock { hands in
      for rank in hands.indices { hands[rank].now += milliseconds * 1_000_000 }
    }
  }

  /// Lets so many milliseconds pass on one rank.
  package func move(milliseconds: UInt64, on rank: Int) {
    hands.withLock { $0[rank].now += milliseconds * 1_000_000 }
  }
}
