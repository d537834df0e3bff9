import Diagnostics
import Support

/// What the ranks of a job of threads, or of a part of them, have in common.
///
/// Safety: nothing in it changes but the memory of the boards, which is written and read between
/// barriers.
package final class ThreadJob: Sendable {
  /// Where a rank is among the others of its pretended host.
  struct Place {
    /// The number of the host, in the order of the hosts' first ranks.
    var host: Int
    /// The ranks of the host.
    var ranks: [Int]
    var localRank: Int
  }

  package var size: Int { hostNames.count }
  /// Whether ranks of one host get shared windows.
  package let sharesMemory: Bool
  /// The name of each rank's host, which it shares with the other ranks there.
  let hostNames: [String]
  let places: [Place]
  /// Called with a rank that has sent a message to other hosts, on the thread that waited for it.
  let messageDidArrive: @Sendable (_ rank: Int) -> Void
  /// What time it is on a rank, in nanoseconds.
  let clock: @Sendable (_ rank: Int) -> UInt64
  let board: ThreadMemory
  /// A board for each local rank that all hosts have.
  let acrossHosts: [ThreadMemory]

  /// A job whose ranks pretend to be on hosts with `ranksPerHost` ranks each.
  ///
  /// Time and the network are the caller's: a message between hosts is under way until
  /// `messageDidArrive` returns, and a step has taken what `clock` says.
  package convenience init(
    ranksPerHost: [Int], sharingMemory: Bool = true,
    clock: @escaping @Sendable (_ rank: Int) -> UInt64 = { _ in monotonicNanoseconds() },
    messageDidArrive: @escaping @Sendable (_ rank: Int) -> Void = { _ in }
  ) {
    check(
      !ranksPerHost.isEmpty && ranksPerHost.allSatisfy { $0 > 0 },
      "ThreadJob: hosts of \(ranksPerHost) ranks; each needs one at least")
    let names = ranksPerHost.enumerated().flatMap { host, count in
      Array(repeating: "host\(host)", count: count)
    }
    self.init(names, sharingMemory, clock, messageDidArrive)
  }

  /// The part of `whole` that has these ranks of it, in this order.
  convenience init(_ ranks: [Int], of whole: ThreadJob) {
    self.init(
      ranks.map { whole.hostNames[$0] }, whole.sharesMemory, { whole.clock(ranks[$0]) },
      { whole.messageDidArrive(ranks[$0]) })
  }

  private init(
    _ hostNames: [String], _ sharesMemory: Bool,
    _ clock: @escaping @Sendable (_ rank: Int) -> UInt64,
    _ messageDidArrive: @escaping @Sendable (_ rank: Int) -> Void
  ) {
    let hosts = hostNames.indices.grouped { hostNames[$0] }.map(\.members)
    places = hostNames.indices.map { rank in
      let host = hosts.firstIndex { $0.contains(rank) } ?? 0
      let ranks = hosts[host]
      return Place(host: host, ranks: ranks, localRank: ranks.firstIndex(of: rank) ?? 0)
    }
    (self.hostNames, self.sharesMemory) = (hostNames, sharesMemory)
    (self.clock, self.messageDidArrive) = (clock, messageDidArrive)
    acrossHosts = (0..<(hosts.map(\.count).min() ?? 0)).map { _ in
      ThreadMemory(blocks: hosts.count, ofSize: 64)
    }
    board = ThreadMemory(blocks: hostNames.count, ofSize: 64)
  }

  /// The fewest ranks that any host has.
  var leastLocalSize: Int { acrossHosts.count }
}

/// Zeroed memory for a window of threads.
///
/// `@unchecked Sendable`: the addresses never change; `SharedWindow` orders the accesses to what
/// is there.
final class ThreadMemory: @unchecked Sendable {
  let shares: [UnsafeMutableRawPointer]

  init(blocks: Int, ofSize byteCount: Int) {
    let size = SharedWindow.shareSize(byteCount)
    shares = (0..<blocks).map { _ in
      let share = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
      share.initializeMemory(as: UInt8.self, repeating: 0, count: size)
      return share
    }
  }

  deinit { for share in shares { share.deallocate() } }
}
