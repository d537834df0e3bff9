import CRuntime
import Diagnostics
import Glibc
import Parallel

/// What `withCommunicator` does with an error in a job of one rank.
public enum FailurePolicy: Sendable {
  /// Prints `error: …` and ends the process with the error's status.
  case endProcess
  /// Throws it on to the caller.
  case rethrow
}

/// Runs `body` as one rank of the job that a launcher started, or alone in a plain process.
///
/// ```swift
/// try withCommunicator { world in
///   let model = Classifier()
///   model.averageGradients(over: world)
///   …
///   if world.isRoot { try model.save(to: "model.safetensors") }
/// }
/// ```
///
/// MPI is initialised only where ``LaunchEnvironment`` finds a launcher. It stays initialised until
/// the process exits, so that calls can follow each other or be nested; all of them see the same
/// ranks.
///
/// In a job of several ranks any error ends all of them, whatever `policy` says, with one line
/// `error: rank 1/4 (host): …` and the error's status: an error thrown by `body`, a failed `check`
/// (70), an error of MPI (75). Leaving `body` by `exit` ends the other ranks too. An `AgreedEnd`, which all
/// ranks throw, is no failure: rank 0 says what it is, and all end with its status.
///
/// Nobody has to read what a program says: from here on, a pipe whose reader has gone, or a file that may
/// not grow, does not end the process by a signal (SIGPIPE, SIGXFSZ), unless the program has said what
/// these are to do. Such a write fails instead. And a process that the system refuses memory ends with a
/// sentence and status 71.
///
/// - Throws: with `.rethrow` and one rank, what `body` throws, and `LaunchError` (69) where a
///   launcher promised several ranks that do not find each other. With `.endProcess` nothing.
public func withCommunicator<Result>(
  onFailure policy: FailurePolicy = .endProcess,
  _ body: (any Communicator) throws -> Result
) throws -> Result {
  lk_ignore_failed_writes()
  lk_report_lost_memory(ExitCode.system.rawValue)
  do {
    let environment = LaunchEnvironment.current
    #if MPI
    if environment.startsMPI { return try MPIJob.world.get().run(body) }
    #endif
    if let refusal = environment.refusalAlone { throw refusal }
    // Nonsense in the environment is said, also where it would change nothing.
    _ = (Threads.chosenCount(), WatchLimits.ofEnvironment)
    return try body(SoloCommunicator())
  } catch {
    try policy.handle(error)
  }
}

extension FailurePolicy {
  /// Does with `error` what a job of one rank is to do.
  func handle(_ error: any Error) throws -> Never {
    if self == .rethrow { throw error }
    let report = printableLines(error.report)
    writeLine(error is any AgreedEnd ? report : "error: \(report)")
    exit(error.reportedExitCode.rawValue)
  }
}
