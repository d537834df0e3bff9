#if MPI
import CMPI
import Glibc

extension MPICommunicator {
  /// See `Communicator.makeSharedWindow`.
  public func makeSharedWindow(byteCount: Int) -> SharedWindow? {
    requireOpen("makeSharedWindow")
    let share = SharedWindow.shareSize(byteCount)
    guard size > 1, minimum(Int64(canShare(share * localSize) ? 1 : 0)) == 1 else { return nil }
    return watched(.makeSharedWindow(bytes: byteCount)) {
      let memory = HostMemory(byteCount: share, over: hostRanks, member)
      // Also so that each rank's share lies in memory near to it.
      memory.blocks[localRank].initializeMemory(as: UInt8.self, repeating: 0, count: share)
      let result = SharedWindow(bases: memory.blocks, localRank: localRank, watch: watch)
      // No rank arrives in the window before all have set their counts to zero.
      member.require("MPI_Barrier", MPI_Barrier(hostRanks))
      return result
    }
  }

  /// Whether this host's shared memory has room: where it has not, touching the window would kill the
  /// process.
  private func canShare(_ bytes: Int) -> Bool {
    var status = statvfs()
    guard statvfs("/dev/shm", &status) == 0 else { return false }
    return Int(status.f_bavail) * Int(status.f_frsize) > bytes + (16 << 20)
  }
}
#endif
