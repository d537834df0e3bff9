import CMPI
import Diagnostics
public import Steps
package import Synchronization

/// The ranks that `mpirun` or `srun` started, joined by MPI.
///
/// Any thread may call `abort`; collectives must be called by one thread at a time.
public final class MPICommunicator: Communicator, Sendable {
  /// How threads may call MPI, from least to most.
  public enum ThreadLevel: String, Sendable {
    /// Only one thread exists.
    case single
    /// Only the thread that initialised MPI.
    case funneled
    /// One thread at a time.
    case serialized
    /// All threads at any time.
    case multiple
  }

  /// This process's number, `0 ..< size`.
  public var rank: Int { member.rank }
  /// The number of ranks of the job.
  public var size: Int { member.size }
  /// This process's number among the ranks of its host.
  public let localRank: Int
  /// The number of ranks on this host.
  public let localSize: Int
  /// The fewest ranks that any host has.
  public let leastLocalSize: Int
  /// The name of this host.
  public var host: String { member.host }
  /// What MPI granted; `multiple` was asked for, so that any thread may end the job.
  public let threadLevel: ThreadLevel

  /// Whether MPI lets any thread call it at any time.
  public var allowsThreads: Bool { threadLevel == .multiple }

  let member: JobMember
  /// The ranks of this host, and one rank of each host: those with this local rank.
  nonisolated(unsafe) let hostRanks: MPI_Comm?
  nonisolated(unsafe) let acrossHosts: MPI_Comm?
  /// See `Communicator.watch`.
  public var watch: Watch? { record }
  /// See `StepMember.step`.
  public let step = StepContext()
  /// See `Communicator.profile`.
  public let profile = StepProfile()

  /// The record of what this rank does.
  let record: Watch
  private let watchdog: Watchdog

  /// The number of elements that go through MPI in one call, whose counts have 32 bits.
  package let chunk = Atomic(1 << 28)

  /// Initialises MPI; once in a process.
  init() {
    var member = JobMember()
    var level: Int32 = 0
    member.require(
      "MPI_Init_thread", MPI_Init_thread(nil, nil, Int32(MPI_THREAD_MULTIPLE), &level))
    threadLevel = ThreadLevel(mpi: level)
    let world = cmpi_comm_world()
    member.require(
      "MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(world, cmpi_errors_return()))
    (member.rank, member.size) = HostLayout.position(in: world, member)

    let layout = HostLayout(of: world, &member)
    (localRank, localSize) = (layout.localRank, layout.localSize)
    var across: MPI_Comm?
    member.require(
      "MPI_Comm_split", MPI_Comm_split(world, Int32(localRank), Int32(member.rank), &across))
    var least = Int32(localSize)
    member.require(
      "MPI_Allreduce",
      MPI_Allreduce(cmpi_in_place(), &least, 1, cmpi_int32(), cmpi_min(), world))
    leastLocalSize = Int(least)
    let early = member
    let board = HostBoard(sharedBy: layout.node, localRank: localRank, early)
    member.board = board
    self.member = member
    (hostRanks, acrossHosts) = (layout.node, across)
    record = Watch(board, localRank: localRank, member)
    watchdog = Watchdog(record, layout.watch(record, over: across, member))
    if member.size > 1 {
      watchdog.start()
      shareCores()
    }
  }

  /// What the MPI library calls itself, such as `Open MPI v4.1.4`.
  public static var libraryVersion: String {
    let capacity = cmpi_max_library_version_string
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { text in
      var length: Int32 = 0
      guard let start = text.baseAddress, MPI_Get_library_version(start, &length) == MPI_SUCCESS
      else { return "unknown MPI" }
      return String(String(cString: start).prefix { $0 != "," && $0 != "\n" })
    }
  }

  /// Leaves MPI; collective, the last call of all.
  func finalize() {
    record.note(.leaving)
    // As long as a rank of this host is there, other hosts hear of it.
    MPI_Barrier(hostRanks)
    record.endIfMismatched { values in
      MPI_Allreduce(
        cmpi_in_place(), &values, Int32(values.count), cmpi_uint64(), cmpi_max(), acrossHosts)
    }
    watchdog.leave()
    member.board?.release()
    MPI_Finalize()
    watchdog.stop()
  }
}

extension MPICommunicator.ThreadLevel {
  init(mpi level: Int32) {
    self =
      switch level {
      case Int32(MPI_THREAD_MULTIPLE): .multiple
      case Int32(MPI_THREAD_SERIALIZED): .serialized
      case Int32(MPI_THREAD_FUNNELED): .funneled
      default: .single
      }
  }
}
