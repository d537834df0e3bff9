import CMPI
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
  private let localRank: Int
  private var epoch = 0
  /// Who gives the memory back when the last window to it is gone; nil: nobody.
  private let owner: AnyObject?

  /// Spins before a waiting rank gives its core to others.
  private let patience: Int

  /// `bases` are the starts of the ranks' shares of the window, zero at first: a line for arrivals,
  /// then the block.
  init(bases: [UnsafeMutableRawPointer], localRank: Int, ownedBy owner: AnyObject? = nil) {
    arrivals = bases.map { $0.assumingMemoryBound(to: Atomic<Int>.self) }
    parts = bases.map { $0 + Self.lineSize }
    self.localRank = localRank
    self.owner = owner
    patience = bases.count <= sysconf(Int32(_SC_NPROCESSORS_ONLN)) ? 10_000 : 0
    arrivals[localRank].initialize(to: Atomic(0))
  }

  static let lineSize = 64

  /// Bytes of one rank's share of a window with blocks of `byteCount`.
  static func shareSize(_ byteCount: Int) -> Int { lineSize + (byteCount + 63) / 64 * 64 }

  /// Returns when all ranks of the host have called it.
  package func barrier() {
    epoch += 1
    arrivals[localRank].pointee.store(epoch, ordering: .releasing)
    wait(for: arrivals, toReach: epoch)
  }

  /// Returns when all `counters`, one of each rank of the host and raised by it (release), are at
  /// least `value`; what the ranks wrote before is then seen.
  package func wait(for counters: [UnsafeMutablePointer<Atomic<Int>>], toReach value: Int) {
    for counter in counters {
      var spins = 0
      while counter.pointee.load(ordering: .acquiring) < value {
        spins += 1
        if spins > patience { sched_yield() }
      }
    }
  }
}

extension MPICommunicator {
  /// See `Communicator.makeSharedWindow`.
  public func makeSharedWindow(byteCount: Int) -> SharedWindow? {
    let share = SharedWindow.shareSize(byteCount)
    guard size > 1, minimum(Int64(canShare(share * localSize) ? 1 : 0)) == 1 else { return nil }
    var memory: UnsafeMutableRawPointer?
    var window: MPI_Win?
    member.require(
      "MPI_Win_allocate_shared",
      MPI_Win_allocate_shared(
        MPI_Aint(share), 1, cmpi_info_null(), cmpi_comm_world(), &memory, &window))
    // Also so that each rank's share lies in memory near to it.
    memory?.initializeMemory(as: UInt8.self, repeating: 0, count: share)
    var bases: [UnsafeMutableRawPointer] = []
    for rank in 0..<size {
      var (bytes, unit) = (MPI_Aint(0), Int32(0))
      member.require(
        "MPI_Win_shared_query",
        MPI_Win_shared_query(window, Int32(rank), &bytes, &unit, &memory))
      if let memory { bases.append(memory) }
    }
    let result = SharedWindow(bases: bases, localRank: rank)
    barrier()
    return result
  }

  /// Whether all ranks are on this host and its shared memory has room: where it has not, touching
  /// the window would kill the process.
  private func canShare(_ bytes: Int) -> Bool {
    var status = statvfs()
    guard localSize == size, statvfs("/dev/shm", &status) == 0 else { return false }
    return Int(status.f_bavail) * Int(status.f_frsize) > bytes + (16 << 20)
  }
}
