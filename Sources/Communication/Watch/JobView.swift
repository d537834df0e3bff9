import Diagnostics

/// What one watchdog knows of the ranks of the job at one moment, and what follows from it.
package struct JobView {
  /// One rank, as its host has described it.
  struct Seen {
    var state: RankState
    /// The name of its host; nil in a job on one.
    var host: String?
    /// Seconds since its host was last heard of.
    var silence: Double = 0

    var rank: Int { Int(state.rank) }
    var placed: PlacedRank { PlacedRank(rank: rank, host: host) }
    /// Seconds that it has been doing what it does, as far as is known.
    var seconds: Double { Double(state.age) * 1e-9 }
    /// Seconds since its watchdog is known to have looked.
    var idle: Double { Double(state.idle) * 1e-9 + silence }
  }

  /// The number of ranks of the job.
  let size: Int
  /// Those that are seen from here.
  var ranks: [Seen]
  /// Seconds without a sign after which a rank or its host counts as silent.
  var patience: Double

  /// The longest that a rank waits, of those whose watchdogs have looked just now: one that does not run
  /// does not wait.
  package var longestWait: Double {
    ranks.lazy.filter { ($0.state.isWaiting || $0.state.isLeaving) && $0.idle < patience }
      .map(\.seconds).max() ?? 0
  }

  /// The seconds that ranks have waited for a disk or file server, where all others wait for them; nil:
  /// something else holds the ranks up.
  package var waitForStorage: Double? {
    let awaited = ranks.filter { !$0.state.isWaiting && !$0.state.isLeaving && !$0.state.hasLeft }
    guard ranks.count == size, !awaited.isEmpty,
      awaited.allSatisfy({ $0.state.storage > 0 && !$0.state.isStopped && $0.idle < patience })
    else { return nil }
    return awaited.map { Double($0.state.storage) * 1e-9 }.max()
  }

  /// A rank that is leaving MPI without having come to what another one waits for, and that other.
  var leaver: (gone: Seen, waiting: Seen)? {
    for gone in ranks where gone.state.isLeaving {
      let waiting = ranks.first { other in
        guard other.state.isWaiting, other.silence < patience else { return false }
        // A wait in memory is over before the rank that waits gets to say so.
        return other.state.awaited == gone.state.rank && other.state.isSettled == 1
          || Lane.allCases.contains { lane in
            other.state[lane].word != 0 && gone.state[lane].entered < other.state[lane].entered
          }
      }
      if let waiting { return (gone, waiting) }
    }
    return nil
  }

  /// Whether all ranks wait, each for another one that has not come, so that none will ever go on:
  /// then trying again makes no sense.
  ///
  /// Nothing less is disagreement. A rank that is stopped or late may be found in a wait which is
  /// over but for itself; and where all have come to a collective, it is the network that is slow. Who
  /// has come to the collective of a part is not known here.
  package var isDeadlock: Bool { mayBeDeadlock && ranks.allSatisfy(isSurelyWaiting) }

  /// Whether it looks so, but for ranks that have not been looked at for some time.
  package var mayBeDeadlock: Bool {
    guard ranks.count == size,
      ranks.allSatisfy({
        $0.state.isWaiting && !$0.state.isStopped && $0.state.partCall.word == 0
      })
    else { return false }
    for lane in Lane.allCases {
      let least = ranks.map { $0.state[lane].entered }.min() ?? 0
      let isComplete = ranks.contains { rank in
        rank.state[lane].word != 0 && rank.state[lane].entered <= least
      }
      if isComplete { return false }
    }
    return true
  }

  /// Whether the rank's watchdog has lately found it in the same wait several times.
  private func isSurelyWaiting(_ rank: Seen) -> Bool {
    rank.state.isSettled == 1 && rank.idle < patience
  }
}
