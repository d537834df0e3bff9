import CMPI
import Diagnostics
import Glibc

/// One rank of a job as its failures see it: who it is, and how it ends the job with one line.
struct JobMember: Sendable {
  var rank = 0
  var size = 1
  var host = hostName()
  /// Whether all ranks are on this host, as far as is known.
  var isOneHost = true
  /// The name of this host in a job on several; nil in a job on one.
  var placeName: String? { isOneHost ? nil : host }
  /// Milliseconds for which this rank gives way to lower ones and other hosts when it fails.
  var patience: UInt32 = 0
  /// Chooses the rank of this host that reports; `nil` until MPI is set up.
  var board: HostBoard?

  /// Ends the job with status 75 if `code`, which `call` returned, is an error.
  func require(_ call: String, _ code: Int32) {
    if code != MPI_SUCCESS { end("\(call): \(mpiErrorText(code))", .peerLost) }
  }

  /// Ends all ranks with status `code` after one line on standard error that names this rank and
  /// `message`.
  ///
  /// When several ranks fail together, which is the rule where all miss the same file, the first
  /// that claims the report makes it and the others wait to be ended. Lower ranks claim earlier.
  /// Hosts share no memory and can only give each other time: the second waits longer than MPI
  /// takes to end the job.
  func end(_ message: String, _ code: ExitCode) -> Never {
    usleep(patience * 1000)
    if board?.claimFailure() ?? true {
      writeLine("error: rank \(rank)/\(size) (\(host)): \(message)")
    } else {
      // The reporting rank ends this one within milliseconds, unless it is lost on the way.
      sleep(3)
    }
    abort(code)
  }

  /// Ends all ranks with status `code`, silently.
  func abort(_ code: ExitCode) -> Never {
    fflush(nil)
    if !isOneHost { LauncherGuard.start() }
    MPI_Abort(cmpi_comm_world(), code.rawValue)
    _exit(code.rawValue)
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
