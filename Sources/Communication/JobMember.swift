import Diagnostics
import Glibc

/// One rank of a job as its failures see it: who it is, and how it ends the job with one line.
///
/// The job is all that the launcher has started: a part of the ranks too is named by its numbers
/// there, and ends all.
struct JobMember: Sendable {
  /// Its number among all ranks of the job.
  var rank = 0
  /// The number of ranks of the job.
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

  /// Ends all ranks with status `code` after one line on standard error that names this rank and
  /// `message`.
  ///
  /// When several ranks fail together, which is the rule where all miss the same file, the first
  /// that claims the report makes it and the others wait to be ended. Lower ranks claim earlier.
  /// Hosts share no memory: they ask the first one, and where they do not hear each other, they give
  /// each other time, longer than MPI mostly takes to end the job.
  func end(_ message: String, _ code: ExitCode) -> Never {
    usleep(patience * 1000)
    if mayReport {
      writeLine("error: rank \(rank)/\(size) (\(host)): \(printableLines(message))")
    } else {
      // The reporting rank ends this one within milliseconds, unless it is lost on the way.
      sleep(3)
    }
    abort(code)
  }

  /// Whether this thread may call MPI to end the job.
  private var mayAbortMPI: Bool {
    #if MPI
    mayCallMPI
    #else
    false
    #endif
  }

  /// Whether no other rank says why the job ends, as far as is known.
  private var mayReport: Bool {
    guard let board else { return true }
    return board.claimFailure() && (HostWatch.isThisThread || board.awaitLeave())
  }

  /// Ends all ranks with status `code`, silently.
  func abort(_ code: ExitCode) -> Never {
    flushOutput()
    // A launcher may wait for ever too, for another host or for itself.
    if !isOneHost || !mayAbortMPI { LauncherGuard.start() }
    #if MPI
    abortMPI(code)
    #endif
    _exit(code.rawValue)
  }
}
