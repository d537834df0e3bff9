#if MPI
import CMPI
import Diagnostics
import Glibc

/// Runs `body` over the ranks of a communicator of a program that has started MPI itself; collective
/// over them.
///
/// MPI is neither started nor finalised. The ranks talk over a duplicate of `communicator`, so that no
/// message of the program and no error handler of it meets theirs; it is given back, with the parts
/// made of it, when `body` has returned: from then on, collectives over them and passes of models whose
/// gradients they average stop the program. The memory that ranks of a host share for gradients stays
/// until the process ends.
///
/// In a job of several ranks an error that `body` throws, a failed `check` and an error of MPI end the
/// whole job, all of `MPI_COMM_WORLD`, with one line and a status, as in `withCommunicator`. Messages
/// name ranks by their numbers in `MPI_COMM_WORLD`.
///
/// Stops the program unless MPI runs, with `MPI_THREAD_FUNNELED` at least, and this thread may call
/// it. Below `MPI_THREAD_MULTIPLE` hosts exchange gradients after the backward pass only.
///
/// - Parameters:
///   - communicator: an `MPI_Comm` of Open MPI, which Swift sees as an `OpaquePointer`: one between
///     ranks of one group, such as `MPI_COMM_WORLD` or what `MPI_Comm_split` has made.
///   - policy: what happens with an error in a communicator of one rank. With `.rethrow` that rank
///     goes on, with `.endProcess` the job ends.
/// - Throws: with `.rethrow` and one rank, what `body` throws; otherwise nothing.
public func withCommunicator<Result>(
  over communicator: OpaquePointer?, onFailure policy: FailurePolicy = .endProcess,
  _ body: (any Communicator) throws -> Result
) throws -> Result {
  let world = MPICommunicator.duplicate(communicator)
  OpenJobs.enter(world)
  world.record.note(.inBody)
  func leave() {
    world.record.note(.outside)
    OpenJobs.leave()
    world.close()
  }
  do {
    let result = try body(world)
    leave()
    return result
  } catch let end as any AgreedEnd where world.size > 1 {
    let isRoot = world.isRoot
    leave()
    if policy == .rethrow { throw end }
    if isRoot { writeLine(end.description) }
    world.member.abort(end.exitCode)
  } catch {
    if world.size > 1 || (world.member.size > 1 && policy == .endProcess) {
      world.member.end(error.report, error.reportedExitCode)
    }
    leave()
    try policy.handle(error)
  }
}

extension MPICommunicator {
  /// A communicator of its own over the ranks of one that the program has handed over.
  fileprivate static func duplicate(_ given: MPI_Comm?) -> MPICommunicator {
    let call = "withCommunicator(over:)"
    let state = MPIState.current
    check(
      state == .running,
      state == .finalized
        ? "\(call): MPI has been finalised; call it before MPI_Finalize"
        : "\(call): MPI has not been initialised; call MPI_Init_thread first")
    var member = JobMember()
    member.becomeRankOfJob()
    OpenJobs.enter(member)
    check(
      given != nil && given != cmpi_comm_null(),
      "\(call): this rank has handed over MPI_COMM_NULL; ranks without a communicator must not call it"
    )
    OpenJobs.leave()
    // Mostly all ranks make the same mistake: the first of them says so, and ends the others. Of several
    // groups that hand over at the same time, so does the one whose first rank is the lowest.
    var rank: Int32 = 0
    member.require("MPI_Comm_rank", MPI_Comm_rank(given, &rank))
    member.patience = rank == 0 ? 300 * UInt32(min(member.rank, 5)) : 20_000
    OpenJobs.enter(member)
    defer { OpenJobs.leave() }
    checkThreads(call)
    var isBetweenGroups: Int32 = 0
    member.require("MPI_Comm_test_inter", MPI_Comm_test_inter(given, &isBetweenGroups))
    check(
      isBetweenGroups == 0,
      "\(call): it is an intercommunicator; make one group of both with MPI_Intercomm_merge")
    var own: MPI_Comm?
    member.require("MPI_Comm_dup", MPI_Comm_dup(given, &own))
    return MPICommunicator(over: own, member)
  }

  /// Stops the program unless MPI lets this thread call it while others compute and watch.
  private static func checkThreads(_ call: String) {
    var (level, isMain) = (Int32(0), Int32(0))
    MPI_Query_thread(&level)
    MPI_Is_thread_main(&isMain)
    let granted = ThreadLevel(mpi: level)
    check(
      granted != .single,
      """
      \(call): MPI was started for programs of one thread, and here others compute and watch; start it \
      with MPI_Init_thread and MPI_THREAD_FUNNELED, or better MPI_THREAD_MULTIPLE
      """)
    check(
      granted != .funneled || isMain != 0,
      """
      \(call): MPI was started with MPI_THREAD_FUNNELED, so only the thread that started it may call \
      this; call it there, or start MPI with MPI_THREAD_MULTIPLE
      """)
  }
}
#endif
