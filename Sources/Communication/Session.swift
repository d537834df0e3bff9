import Diagnostics
import Glibc
import Synchronization

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
/// (70), an error of MPI (75). Leaving `body` by `exit` ends the other ranks too.
///
/// - Throws: with `.rethrow` and one rank, what `body` throws, and `LaunchError` (69) where a
///   launcher promised several ranks that do not find each other. With `.endProcess` nothing.
public func withCommunicator<Result>(
  onFailure policy: FailurePolicy = .endProcess,
  _ body: (any Communicator) throws -> Result
) throws -> Result {
  do {
    let environment = LaunchEnvironment.current
    if environment.startsMPI { return try MPIJob.world.get().run(body) }
    if let refusal = environment.refusal(ofSize: 1) { throw refusal }
    return try body(SoloCommunicator())
  } catch {
    if policy == .rethrow { throw error }
    writeLine("error: \(error.report)")
    exit(error.reportedExitCode.rawValue)
  }
}

extension MPICommunicator {
  fileprivate func run<Value>(_ body: (any Communicator) throws -> Value) throws -> Value {
    if MPIJob.openBodies.wrappingAdd(1, ordering: .relaxed).newValue == 1 { record.note(.inBody) }
    defer {
      let open = MPIJob.openBodies.wrappingSubtract(1, ordering: .relaxed).newValue
      if open == 0 { record.note(.outside) }
    }
    do {
      return try body(self)
    } catch  where size > 1 {
      member.end(error.report, error.reportedExitCode)
    }
  }
}

/// MPI in this process: initialised at most once, finalised when the process exits.
private enum MPIJob {
  /// The number of calls of `withCommunicator` that have not returned.
  static let openBodies = Atomic(0)

  static let world: Result<MPICommunicator, LaunchError> = {
    // Before MPI, which adds launcher variables of its own to a process that is alone.
    let environment = LaunchEnvironment.current
    let world = MPICommunicator()
    let library = MPICommunicator.libraryVersion
    if let refusal = environment.refusal(ofSize: world.size, linkedWith: library) {
      world.finalize()
      return .failure(refusal)
    }
    if world.size > 1 {
      let member = world.member
      Job.join(rank: world.rank, size: world.size)
      setStopHandler { member.end($0, $1) }
    }
    atexit { MPIJob.finalize() }
    return .success(world)
  }()

  /// A rank that exits inside a body does not finalise, which would wait for the others, who may
  /// wait for it: the launcher takes it for lost and ends them.
  private static func finalize() {
    guard openBodies.load(ordering: .relaxed) == 0, case .success(let world) = world else { return }
    setStopHandler(nil)
    world.finalize()
  }
}
