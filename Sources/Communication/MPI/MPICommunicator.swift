#if MPI
import CMPI
import Diagnostics
import Parallel
public import Steps
package import Synchronization

/// The ranks that `mpirun` or `srun` started, joined by MPI, or some of them.
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
  public let rank: Int
  /// The number of ranks of the communicator.
  public let size: Int
  /// This process's number among the communicator's ranks on its host.
  public let localRank: Int
  /// The number of the communicator's ranks on this host.
  public let localSize: Int
  /// The fewest ranks that any of its hosts has.
  public let leastLocalSize: Int
  /// The name of this host.
  public var host: String { member.host }
  /// What MPI granted.
  public let threadLevel: ThreadLevel

  /// Whether MPI lets any thread call it at any time.
  public var allowsThreads: Bool { threadLevel == .multiple }

  /// See `Communicator.watch`.
  public var watch: Watch? { isClosed.load(ordering: .relaxed) ? nil : record }
  /// See `StepMember.step`.
  public let step = StepContext()
  /// See `Communicator.profile`.
  public let profile = StepProfile()

  let member: JobMember
  /// All ranks of the communicator, those of this host, and one rank of each host: those with this
  /// local rank. No one else sends anything over them.
  nonisolated(unsafe) let handle: MPI_Comm?
  nonisolated(unsafe) let hostRanks: MPI_Comm?
  nonisolated(unsafe) let acrossHosts: MPI_Comm?
  /// The record of what this rank does, and the memory in which those of its host are.
  let record: Watch
  let boardMemory: BoardMemory
  /// Nil for a part: the watchdog of the whole looks after it.
  let watchdog: Watchdog?
  /// The communicator that this one is a part of, or a part of a part; nil: it is no part.
  let whole: MPICommunicator?
  /// The parts that this rank is of, in the order in which they were made; empty for a part.
  let parts = Locked<[MPICommunicator]>([])
  let isClosed = Atomic(false)

  /// The number of elements that go through MPI in one call, whose counts have 32 bits.
  package let chunk = Atomic(1 << 28)

  /// The ranks of `handle`, which belongs to this object from now on; collective over them.
  ///
  /// - Parameters:
  ///   - given: this process as a rank of the job.
  ///   - whole: what they are a part of; nil: nothing that is watched.
  init(over handle: MPI_Comm?, _ given: JobMember, partOf whole: MPICommunicator? = nil) {
    var level: Int32 = 0
    given.require("MPI_Query_thread", MPI_Query_thread(&level))
    threadLevel = ThreadLevel(mpi: level)
    given.require(
      "MPI_Comm_set_errhandler", MPI_Comm_set_errhandler(handle, cmpi_errors_return()))
    let layout = HostLayout(of: handle, given)
    (rank, size) = (layout.rank, layout.size)
    (localRank, localSize) = (layout.localRank, layout.localSize)
    leastLocalSize = layout.leastLocalSize
    (self.handle, hostRanks, acrossHosts) = (handle, layout.node, layout.acrossHosts)

    var member = given
    var names = HostLayout.gather(given.rank, over: handle, count: size, given)
    if Set(names).count < size {
      // Ranks of jobs that were joined later: here they have numbers that tell them apart.
      names = Array(0..<size)
      (member.rank, member.size) = (rank, size)
    }
    if whole == nil {
      (member.host, member.isOneHost) = (layout.name, layout.hostCount == 1)
      member.patience = layout.patience
    }
    let memory = BoardMemory(byteCount: HostBoard.byteCount, over: layout.node, member)
    let board = HostBoard(in: memory.blocks, localRank: localRank, rank: member.rank)
    member.require("MPI_Barrier", MPI_Barrier(layout.node))
    if whole == nil { member.board = board }
    (self.member, boardMemory, self.whole) = (member, memory, whole)
    record = Watch(board, localRank: localRank, ranks: names, member, partOf: whole?.record)
    watchdog = whole == nil ? Watchdog(record, layout.watch(record, member)) : nil
    if size > 1, let watchdog {
      watchdog.start()
      shareCores()
    }
  }

  /// Initialises MPI; once in a process.
  static func start() -> MPICommunicator {
    check(
      MPIState.current == .notInitialized,
      """
      withCommunicator: the program has initialised MPI itself; hand its communicator over, as in \
      withCommunicator(over: communicator) { world in … }
      """)
    // MPI waits for all ranks, and says nothing of those that do not come.
    let joining = StartWatch.ofEnvironment
    joining?.start()
    defer { joining?.stop() }
    var member = JobMember()
    var level: Int32 = 0
    // `multiple` so that any thread may end the job.
    member.require(
      "MPI_Init_thread", MPI_Init_thread(nil, nil, Int32(MPI_THREAD_MULTIPLE), &level))
    member.becomeRankOfJob()
    if member.rank == 0 {
      // Said once: the others wait for this rank meanwhile.
      if member.size > 1 { setStopHandler { [member] in member.end($0, $1) } }
      _ = (Threads.chosenCount(), WatchLimits.ofEnvironment)
      setStopHandler(nil)
    }
    return MPICommunicator(over: cmpi_comm_world(), member)
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
#endif
