#if MPI
import CMPI
import CRuntime
import Glibc
import Support

/// The memory of a `HostBoard`: a block for each rank of a host, seen by all.
///
/// It is not MPI's where the system lets it, so that ranks can still see each other while they leave MPI,
/// and after that: a file in memory without a name, which is gone with the last process that has it.
///
/// `@unchecked Sendable`: nothing in it changes; who uses the blocks orders the accesses.
struct BoardMemory: @unchecked Sendable {
  /// The blocks in the order of the ranks; 64-byte aligned.
  let blocks: [UnsafeMutableRawPointer]
  /// Nil where it is not MPI's.
  private let window: HostMemory?
  private let size: Int

  /// Whether it stays when the ranks have left MPI.
  var outlivesMPI: Bool { window == nil }

  /// Where the first rank of the host has the file.
  private struct Place: BitwiseCopyable {
    var process = getpid()
    var file: Int32 = -1
    /// What stands at its beginning: where processes have numbers of their own, it is another file.
    var token: UInt64 = 0
  }

  /// Blocks of at least `byteCount` bytes, a multiple of the cache line, for the ranks of
  /// `communicator`, which must be on one host. Collective; the content is undefined.
  init(byteCount: Int, over communicator: MPI_Comm?, _ member: JobMember) {
    var (rank, count) = (Int32(0), Int32(0))
    member.require("MPI_Comm_rank", MPI_Comm_rank(communicator, &rank))
    member.require("MPI_Comm_size", MPI_Comm_size(communicator, &count))
    let block = SharedWindow.roundedUp(byteCount)
    let size = Int(count) * block
    self.size = size

    var place = Place()
    var file: Int32 = -1
    if rank == 0 {
      file = lk_memory_file(size)
      (place.file, place.token) = (file, UInt64.random(in: 1 ... .max))
    }
    var start = file >= 0 ? Self.map(file, size) : nil
    start?.storeBytes(of: place.token, as: UInt64.self)
    member.require(
      "MPI_Bcast",
      MPI_Bcast(&place, Int32(MemoryLayout<Place>.size), cmpi_byte(), 0, communicator))
    if rank > 0, place.file >= 0 {
      file = open("/proc/\(place.process)/fd/\(place.file)", O_RDWR | O_CLOEXEC | O_NONBLOCK)
      if file >= 0, Self.isLarge(file, size) { start = Self.map(file, size) }
    }
    var isShared: Int32 = start?.load(as: UInt64.self) == place.token ? 1 : 0
    member.require(
      "MPI_Allreduce",
      MPI_Allreduce(cmpi_in_place(), &isShared, 1, cmpi_int32(), cmpi_min(), communicator))
    if file >= 0 { close(file) }
    if isShared == 1, let start {
      window = nil
      blocks = (0..<Int(count)).map { start + $0 * block }
    } else {
      if let start { munmap(start, size) }
      let memory = HostMemory(byteCount: byteCount, over: communicator, member)
      (window, blocks) = (memory, memory.blocks)
    }
  }

  private static func map(_ file: Int32, _ size: Int) -> UnsafeMutableRawPointer? {
    let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
    return start == MAP_FAILED ? nil : start
  }

  /// To touch what is beyond the end of a file would be fatal.
  private static func isLarge(_ file: Int32, _ size: Int) -> Bool {
    var status = stat()
    return fstat(file, &status) == 0 && status.st_size >= size
  }

  /// Gives the memory back; collective.
  func release() {
    if let window { return window.release() }
    if let start = blocks.first { munmap(start, size) }
  }
}
#endif
