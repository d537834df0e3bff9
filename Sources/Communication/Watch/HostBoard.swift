import CMPI
import Synchronization

/// What the ranks of one host share to watch each other: a record of each, and two flags by which
/// one of them becomes the one that speaks.
///
/// `@unchecked Sendable`: flags are only touched atomically, records as `RankRecord` says, and the
/// memory is given back when no other thread is left.
struct HostBoard: @unchecked Sendable {
  /// The record of each rank of this host, by local rank.
  let records: [UnsafeMutablePointer<RankRecord>]
  /// The last collectives of each rank of this host, by local rank.
  let rings: [CollectiveRing]
  private let flags: UnsafeMutablePointer<Flags>
  private let memory: HostMemory

  private struct Flags: ~Copyable {
    let failure = Atomic<UInt32>(0)
    /// When the last warning was begun, and the same number when it has been written.
    let warning = Atomic<UInt64>(0)
    let warned = Atomic<UInt64>(0)
  }

  /// Collective over `node`, the ranks of this host, of which the caller is `localRank`.
  init(sharedBy node: MPI_Comm?, localRank: Int, _ member: JobMember) {
    let line = SharedWindow.lineSize
    let ringStart = line + HostMemory.roundedUp(MemoryLayout<RankRecord>.size)
    memory = HostMemory(byteCount: ringStart + CollectiveRing.byteCount, over: node, member)
    flags = memory.blocks[0].assumingMemoryBound(to: Flags.self)
    records = memory.blocks.map { ($0 + line).assumingMemoryBound(to: RankRecord.self) }
    rings = memory.blocks.map { CollectiveRing(at: $0 + ringStart) }
    if localRank == 0 { flags.initialize(to: Flags()) }
    records[localRank].initialize(to: RankRecord(rank: member.rank))
    rings[localRank].clear()
    member.require("MPI_Barrier", MPI_Barrier(node))
  }

  /// The number on this host of the rank `rank`; of a rank on another host 0.
  func localRank(of rank: Int) -> Int {
    if rank < records.count, records[rank].pointee.rank == rank { return rank }
    return records.firstIndex { $0.pointee.rank == rank } ?? 0
  }

  /// Whether the caller is the first on this host to ask for the right to report a failure.
  func claimFailure() -> Bool {
    flags.pointee.failure.compareExchange(
      expected: 0, desired: 1, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// Calls `warn` if the caller is the first on this host to ask for it, among those who know of no
  /// warning after the moment `since`.
  func warnOnce(since: UInt64, now: UInt64, _ warn: () -> Void) {
    let last = flags.pointee.warning.load(ordering: .acquiring)
    guard last <= since,
      flags.pointee.warning.compareExchange(
        expected: last, desired: now, ordering: .acquiringAndReleasing
      ).exchanged
    else { return }
    warn()
    flags.pointee.warned.store(now, ordering: .releasing)
  }

  /// Whether a rank of this host has begun a warning and has not written it yet.
  var isSomeoneWarning: Bool {
    let written = flags.pointee.warned.load(ordering: .acquiring)
    return written < flags.pointee.warning.load(ordering: .acquiring)
  }

  /// Gives the memory back; collective.
  func release() { memory.release() }
}
