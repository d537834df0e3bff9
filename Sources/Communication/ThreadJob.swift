import Diagnostics

/// What the ranks of a job of threads have in common.
///
/// Safety: nothing in it changes but the memory of the board, which is written and read between
/// barriers.
package final class ThreadJob: Sendable {
  package let size: Int
  /// Whether ranks of one host get shared windows.
  package let sharesMemory: Bool
  private let hosts: [Range<Int>]
  /// How slow messages between hosts are made.
  let network: ThreadNetwork
  let board: ThreadMemory
  /// A board for each local rank that all hosts have.
  let acrossHosts: [ThreadMemory]

  /// A job whose ranks pretend to be on hosts with `ranksPerHost` ranks each.
  package init(
    ranksPerHost: [Int], sharingMemory: Bool = true, network: ThreadNetwork = ThreadNetwork()
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
    self.network = network
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

/// How long a message takes between the pretended hosts of a job of threads.
package struct ThreadNetwork: Sendable {
  package var secondsPerMessage: Double
  package var secondsPerByte: Double

  /// A network that takes no time, unless it is said how much.
  package init(secondsPerMessage: Double = 0, secondsPerByte: Double = 0) {
    self.secondsPerMessage = secondsPerMessage
    self.secondsPerByte = secondsPerByte
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
