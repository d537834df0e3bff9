#if MPI
import CRuntime
import Diagnostics
import Glibc
import Parallel
import Synchronization

extension MPICommunicator {
  func run<Value>(_ body: (any Communicator) throws -> Value) throws -> Value {
    if MPIJob.openBodies.wrappingAdd(1, ordering: .relaxed).newValue == 1 { record.note(.inBody) }
    do {
      let value = try body(self)
      leaveBody()
      return value
    } catch {
      guard size > 1 else {
        leaveBody()
        throw error
      }
      guard let end = error as? any AgreedEnd else {
        member.end(error.report, error.reportedExitCode)
      }
      // The outermost body ends the process, on all ranks: they leave MPI together.
      guard leaveBody() else { throw end }
      if isRoot { writeLine(end.description) }
      exit(end.exitCode.rawValue)
    }
  }

  /// Returns whether it was the outermost.
  @discardableResult
  private func leaveBody() -> Bool {
    let isOutermost = MPIJob.openBodies.wrappingSubtract(1, ordering: .relaxed).newValue == 0
    if isOutermost { record.note(.outside) }
    return isOutermost
  }
}

/// MPI in this process: initialised at most once, finalised when the process exits.
enum MPIJob {
  /// The number of calls of `withCommunicator` that have not returned.
  static let openBodies = Atomic(0)

  static let world: Result<MPICommunicator, LaunchError> = {
    // Before MPI, which adds launcher variables of its own to a process that is alone.
    let environment = LaunchEnvironment.current
    let world = MPICommunicator.start()
    let library = MPICommunicator.libraryVersion
    if let refusal = environment.refusal(ofSize: world.size, linkedWith: library) {
      world.finalize()
      return .failure(refusal)
    }
    OpenJobs.enter(world)
    let member = world.member
    lk_name_in_errors("rank \(member.rank)/\(member.size) (\(member.host)): ")
    atexit { MPIJob.finalize() }
    return .success(world)
  }()

  /// A rank that exits inside a body does not finalise, which would wait for the others, who may
  /// wait for it: the launcher takes it for lost and ends them.
  private static func finalize() {
    guard openBodies.load(ordering: .relaxed) == 0, case .success(let world) = world else { return }
    OpenJobs.leave()
    world.finalize()
  }
}

/// The jobs whose communicators this process works with, one inside the other: a mistake in the program
/// ends the innermost.
enum OpenJobs {
  private struct Place {
    var member = JobMember()
    /// The rank in the communicator, and its size.
    var rank = 0
    var size = 1
  }

  private static let places = Locked<[Place]>([])

  /// Mistakes end the job of `member` from now on, if that has several ranks.
  static func enter(_ member: JobMember) {
    enter(Place(member: member, rank: member.rank, size: member.size))
  }

  /// The same for the job that `world` is of; its first rank speaks for all of `world`.
  static func enter(_ world: MPICommunicator) {
    enter(Place(member: world.member, rank: world.rank, size: world.size))
  }

  private static func enter(_ place: Place) {
    places.withLock { $0.append(place) }
    handleMistakes(at: place, instead: nil)
  }

  /// Leaves the innermost job.
  static func leave() {
    let (left, around) = places.withLock { ($0.popLast(), $0.last) }
    handleMistakes(at: around ?? Place(), instead: left)
  }

  private static func handleMistakes(at place: Place, instead left: Place?) {
    Job.join(rank: place.rank, size: place.size)
    let member = place.member
    if member.size > 1 {
      setStopHandler { member.end($0, $1) }
    } else if let left, left.member.size > 1 {
      setStopHandler(nil)
    }
  }
}
#endif
