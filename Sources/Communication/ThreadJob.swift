import Diagnostics
import Support

/// What the ranks of a job of threads have in common.
///
/// Safety: nothing in it changes but the memory of the board, which is written and read between
/// barriers.
package final class ThreadJob: Sendable {
  package let size: Int
  /// Whether ranks of one host get shared windows.
  package let sharesMemory: Bool
  private let hosts: [Range<Int>]
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
  package init(
    ranksPerHost: [Int], sharingMemory: Bool = true,
    clock: @escaping @Sendable (_ rank: Int) -> UInt64 = { _ in monotonicNanoseconds() },
    messageDidArrive: @escaping @Sendable (_ rank: Int) -> Void = { _ in }
  ) {
    check(
      !ranksPerHost.isEmpty && ranksPerHost.allSatisfy { $0 > 0 },
      "ThreadJob: hosts of \(ranksPerHost) ranks; each needs one at least")
    var start = 0
    hosts = ranksPerHost.map { count in
      defer { start += count }
      return start..<start + count
    }
    size = start
    sharesMemory = sharingMemory
    self.clock = clock
    self.messageDidArrive = messageDidArrive
    acrossHosts = (0..<(ranksPerHost.min() ?? 0)).map { _ in
      ThreadMemory(blocks: ranksPerHost.count, ofSize: 64)
    }
    board = ThreadMemory(blocks: size, ofSize: 64)
  }

  var leastLocalSize: Int { acrossHosts.count }

  func position(of rank: Int) -> (host: Int, ranks: Range<Int>) {
    for (host, ranks) in hosts.enumerated() where ranks.contains(rank) { return (host, ranks) }
    stop("ThreadJob: rank \(rank) is not one of \(size)")
  }
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
