#if MPI
import CMPI

/// Memory that the ranks of one host share: a block for each, seen by all.
///
/// `@unchecked Sendable`: nothing in it changes; who uses the blocks orders the accesses.
struct HostMemory: @unchecked Sendable {
  /// The blocks in the order of the ranks; 64-byte aligned.
  let blocks: [UnsafeMutableRawPointer]
  private let window: MPI_Win?

  /// Blocks of at least `byteCount` bytes, a multiple of the cache line, for the ranks of
  /// `communicator`, which must be on one host. Collective; the content is undefined.
  init(byteCount: Int, over communicator: MPI_Comm?, _ member: JobMember) {
    var memory: UnsafeMutableRawPointer?
    var window: MPI_Win?
    member.require(
      "MPI_Win_allocate_shared",
      MPI_Win_allocate_shared(
        MPI_Aint(SharedWindow.roundedUp(byteCount) + SharedWindow.lineSize), 1, cmpi_info_null(),
        communicator,
        &memory, &window))
    var count: Int32 = 0
    member.require("MPI_Comm_size", MPI_Comm_size(communicator, &count))
    blocks = (0..<count).compactMap { rank in
      var (bytes, unit) = (MPI_Aint(0), Int32(0))
      var block: UnsafeMutableRawPointer?
      member.require(
        "MPI_Win_shared_query", MPI_Win_shared_query(window, rank, &bytes, &unit, &block))
      // MPI aligns to a few bytes only; the same ones in all processes, which map whole pages.
      return block.map { $0.alignedUp(toMultipleOf: SharedWindow.lineSize) }
    }
    self.window = window
  }

  /// Gives the memory back; collective.
  func release() {
    var window = window
    MPI_Win_free(&window)
  }
}
#endif
