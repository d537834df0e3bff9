#if MPI
import CMPI
import Diagnostics

extension JobMember {
  /// Notes the number that the launcher gave this process, and how many it started.
  mutating func becomeRankOfJob() {
    var (rank, size) = (Int32(0), Int32(0))
    require("MPI_Comm_rank", MPI_Comm_rank(cmpi_comm_world(), &rank))
    require("MPI_Comm_size", MPI_Comm_size(cmpi_comm_world(), &size))
    (self.rank, self.size) = (Int(rank), Int(size))
  }

  /// Ends the job with status 75 if `code`, which `call` returned, is an error.
  func require(_ call: String, _ code: Int32) {
    if code != MPI_SUCCESS { end("\(call): \(mpiErrorText(code))", .peerLost) }
  }

  /// Ends all ranks with status `code`, if this thread may call MPI now.
  ///
  /// Where it may not, the end of this process does: the launcher, which misses its farewell, takes it
  /// for lost.
  func abortMPI(_ code: ExitCode) {
    if mayCallMPI { MPI_Abort(cmpi_comm_world(), code.rawValue) }
  }

  /// Whether MPI runs, and lets this thread call it.
  var mayCallMPI: Bool {
    guard MPIState.current == .running else { return false }
    var (level, isMain) = (Int32(0), Int32(0))
    MPI_Query_thread(&level)
    MPI_Is_thread_main(&isMain)
    return level == Int32(MPI_THREAD_MULTIPLE) || isMain != 0
  }
}

/// Where MPI is in its life in this process.
enum MPIState {
  case notInitialized, running, finalized

  static var current: MPIState {
    var (isInitialized, isFinalized) = (Int32(0), Int32(0))
    MPI_Initialized(&isInitialized)
    MPI_Finalized(&isFinalized)
    return isFinalized != 0 ? .finalized : isInitialized != 0 ? .running : .notInitialized
  }
}

/// What MPI says about an error code.
private func mpiErrorText(_ code: Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: cmpi_max_error_string) {
    text in
    var length: Int32 = 0
    guard let start = text.baseAddress, MPI_Error_string(code, start, &length) == MPI_SUCCESS else {
      return "MPI error \(code)"
    }
    return String(cString: start)
  }
}
#endif
