#if MPI
import CMPI
import Diagnostics
import Parallel
import Synchronization

extension MPICommunicator {
  /// Leaves MPI; collective, the last call of all.
  func finalize() {
    farewell()
    boardMemory.release()
    MPI_Finalize()
    watchdog?.stop()
  }

  /// Gives back all that was made for this communicator and its parts, but leaves MPI as it is;
  /// collective.
  func close() {
    farewell()
    MPI_Barrier(handle)
    watchdog?.stop()
    for part in parts.withLock({ $0 }) { part.free() }
    parts.withLock { $0 = [] }
    free()
  }

  /// Ends the job if ranks disagree about what they have done; then nobody is watched any more.
  private func farewell() {
    record.note(.leaving)
    // As long as a rank of this host is there, other hosts hear of it.
    MPI_Barrier(hostRanks)
    record.endIfMismatched { values in
      MPI_Allreduce(
        cmpi_in_place(), &values, Int32(values.count), cmpi_uint64(), cmpi_max(), acrossHosts)
    }
    watchdog?.leave()
  }

  private func free() {
    isClosed.store(true, ordering: .relaxed)
    record.close()
    boardMemory.release()
    for communicator in [acrossHosts, hostRanks, handle] {
      var communicator = communicator
      MPI_Comm_free(&communicator)
    }
  }

  /// Stops the program if `collective` comes after the ranks have left the communicator.
  @inline(__always)
  func requireOpen(_ collective: StaticString) { record.requireOpen(collective) }
}
#endif
