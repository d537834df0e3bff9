import Glibc
package import Synchronization

/// A block of memory for every rank of a host, seen by all of them, and a barrier that needs no
/// message.
///
/// Collective to make; between processes the memory stays until they end, because giving it back
/// would be collective too.
///
/// The barrier: each rank counts its arrivals in a cache line of its own, written by it alone
/// (release) and read by the others (acquire), so whatever a rank wrote before it arrived is seen
/// by all that leave.
public final class SharedWindow {
  /// The block of each rank, by local rank; 64-byte aligned, zero at first.
  package let parts: [UnsafeMutableRawPointer]
  private let arrivals: [UnsafeMutablePointer<Atomic<Int>>]
  let localRank: Int
  private let watch: Watch?
  private var epoch = 0
  /// Who gives the memory back when the last window to it is gone; nil: nobody.
  private let owner: AnyObject?

  /// Spins before a waiting rank gives its core to others.
  private let patience: Int

  /// `bases` are the starts of the ranks' shares of the window: a line for arrivals, then the block.
  ///
  /// They are zero on all ranks before any of them comes here: another rank may already wait.
  init(
    bases: [UnsafeMutableRawPointer], localRank: Int, watch: Watch? = nil,
    ownedBy owner: AnyObject? = nil
  ) {
    self.watch = watch
    arrivals = bases.map { $0.assumingMemoryBound(to: Atomic<Int>.self) }
    parts = bases.map { $0 + Self.lineSize }
    self.localRank = localRank
    self.owner = owner
    patience = bases.count <= sysconf(Int32(_SC_NPROCESSORS_ONLN)) ? 10_000 : 0
  }

  /// Bytes of a cache line.
  static let lineSize = 64

  /// Spins after which a wait is noted in the rank's record: a shorter one costs nothing.
  private static let briefly = 100

  /// Bytes of one rank's share of a window with blocks of `byteCount`.
  static func shareSize(_ byteCount: Int) -> Int { lineSize + roundedUp(byteCount) }

  /// `byteCount`, in whole cache lines.
  static func roundedUp(_ byteCount: Int) -> Int {
    (byteCount + lineSize - 1) / lineSize * lineSize
  }

  /// Stops the program if `use` of the window comes after the ranks have left their communicator.
  package func requireOpen(_ use: StaticString) { watch?.requireOpen(use) }

  /// Returns when all ranks of the host have called it.
  package func barrier() {
    requireOpen("SharedWindow.barrier")
    epoch += 1
    arrivals[localRank].pointee.store(epoch, ordering: .releasing)
    wait(for: arrivals, toReach: epoch)
  }

  /// Returns when all `counters`, one of each rank of the host and raised by it (release), are at
  /// least `value`; what the ranks wrote before is then seen.
  package func wait(for counters: [UnsafeMutablePointer<Atomic<Int>>], toReach value: Int) {
    var isNoted = false
    for (rank, counter) in counters.enumerated() {
      var spins = 0
      while counter.pointee.load(ordering: .acquiring) < value {
        spins += 1
        if spins == Self.briefly {
          watch?.awaitArrival(of: rank)
          isNoted = true
        }
        if spins > patience { sched_yield() }
      }
    }
    if isNoted { watch?.awaitArrival(of: nil) }
  }
}
