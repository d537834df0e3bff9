#if MPI
import CMPI
import Diagnostics
import Parallel
import Synchronization

extension MPICommunicator {
  /// Leaves MPI; collective, the last call of all.
  func finalize() {
    farewell()
    // Where it is not MPI's, ranks are watched until their processes end.
    if !boardMemory.outlivesMPI { boardMemory.release() }
    MPI_Finalize()
    if boardMemory.outlivesMPI { record.note(.left) } else { watchdog?.stop() }
  }

  /// Gives back all that was made for this communicator and its parts, but leaves MPI as it is;
  /// collective.
  func close() {
    farewell()
    watchdog?.stop()
    for part in parts.withLock({ $0 }) { part.free() }
    parts.withLock { $0 = [] }
    free()
  }

  /// Ends the job if ranks disagree about what they have done; then nobody compares any more.
  private func farewell() {
    record.note(.leaving)
    // As long as a rank of this host is there, other hosts hear of it.
    MPI_Barrier(hostRanks)
    record.endIfMismatched { values in
      MPI_Allreduce(
        cmpi_in_place(), &values, Int32(values.count), cmpi_uint64(), cmpi_max(), acrossHosts)
    }
    // In MPI_Finalize nobody may wait for long: mpirun 4.1 is lost itself where a rank ends there while
    // others wait in it.
    MPI_Barrier(handle)
    watchdog?.leave(withoutBoard: !boardMemory.outlivesMPI)
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
