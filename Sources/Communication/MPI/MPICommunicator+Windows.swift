#if MPI
import CMPI
import Glibc

extension MPICommunicator {
  /// See `Communicator.makeSharedWindow`.
  public func makeSharedWindow(byteCount: Int) -> SharedWindow? {
    requireOpen("makeSharedWindow")
    guard size > 1 else { return nil }
    let memory = watched(.makeSharedWindow(bytes: byteCount)) {
      reserve(SharedWindow.shareSize(byteCount))
    }
    guard minimum(Int64(memory == nil ? 0 : 1)) == 1, let memory else {
      memory?.release()
      return nil
    }
    return SharedWindow(bases: memory.blocks, localRank: localRank, watch: watch)
  }

  /// Zeroed blocks of `share` bytes for the ranks of this host; nil where it has too little memory.
  /// Collective over the ranks of the host.
  ///
  /// Memory is taken when it is touched, so others must not find the same bytes free before: parts and
  /// jobs of a host take turns. A turn waits for nobody outside, for all its ranks are here.
  private func reserve(_ share: Int) -> HostMemory? {
    member.require("MPI_Barrier", MPI_Barrier(hostRanks))
    let turn = localRank == 0 ? open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1
    if turn >= 0 { while flock(turn, LOCK_EX) != 0 && errno == EINTR {} }
    defer { if turn >= 0 { Glibc.close(turn) } }
    var hasRoom: Int32 = localRank == 0 && canShare(share * localSize) ? 1 : 0
    member.require("MPI_Bcast", MPI_Bcast(&hasRoom, 1, cmpi_int32(), 0, hostRanks))
    guard hasRoom == 1 else { return nil }
    let memory = HostMemory(byteCount: share, over: hostRanks, member)
    // Also so that each rank's share lies in memory near to it.
    memory.blocks[localRank].initializeMemory(as: UInt8.self, repeating: 0, count: share)
    // No rank arrives in the window before all have set their counts to zero.
    member.require("MPI_Barrier", MPI_Barrier(hostRanks))
    return memory
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
