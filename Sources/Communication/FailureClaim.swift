import CMPI
import Synchronization

/// A flag in memory that all ranks of a host share, by which one of several failing ranks becomes
/// the one that reports.
///
/// `@unchecked Sendable`: the flag is only touched atomically, and the window handle only at the
/// end.
struct FailureClaim: @unchecked Sendable {
  private let flag: UnsafeMutablePointer<Atomic<UInt32>>
  private let window: MPI_Win?

  /// Collective over `node`, the ranks of one host.
  init?(sharedBy node: MPI_Comm?, rank: Int, check: (String, Int32) -> Void) {
    var memory: UnsafeMutableRawPointer?
    var window: MPI_Win?
    var size: MPI_Aint = 0
    var unit: Int32 = 0
    let bytes = MPI_Aint(rank == 0 ? MemoryLayout<Atomic<UInt32>>.size : 0)
    check(
      "MPI_Win_allocate_shared",
      MPI_Win_allocate_shared(bytes, 1, cmpi_info_null(), node, &memory, &window))
    check("MPI_Win_shared_query", MPI_Win_shared_query(window, 0, &size, &unit, &memory))
    guard let memory else { return nil }
    flag = memory.assumingMemoryBound(to: Atomic<UInt32>.self)
    self.window = window
    if rank == 0 { flag.initialize(to: Atomic(0)) }
    check("MPI_Barrier", MPI_Barrier(node))
  }

  /// Whether the caller is the first on this host to ask.
  func claim() -> Bool {
    flag.pointee.compareExchange(
      expected: 0, desired: 1, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Frees the memory; collective.
  func release() {
    var window = window
    MPI_Win_free(&window)
  }
}
