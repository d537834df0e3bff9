import Diagnostics
import Glibc
import Support
import Synchronization

/// What the ranks of one host share to watch each other: a record of each, and flags by which one of
/// them becomes the one that speaks.
///
/// `@unchecked Sendable`: flags are only touched atomically, records as `RankRecord` says, and the
/// memory is given back when nobody looks any more.
struct HostBoard: @unchecked Sendable {
  /// The record of each rank of this host, by local rank.
  let records: [UnsafeMutablePointer<RankRecord>]
  /// The last collectives of each rank of this host, by lane and local rank.
  private let rings: [[CollectiveRing]]
  private let flags: UnsafeMutablePointer<Flags>

  private struct Flags: ~Copyable {
    /// Who reports why the job fails: 0 nobody, 1 a rank of this host, else a rank of another one, to which
    /// this one has given two less than this number.
    let failure = Atomic<UInt32>(0)
    /// Whether the first host is to be asked first, and its answer: 0 none, 1 yes, 2 no.
    let asksFirstHost = Atomic<UInt32>(0)
    let answer = Atomic<UInt32>(0)
    /// When the last warning was begun, and the same number when it has been written.
    let warning = Atomic<UInt64>(0)
    let warned = Atomic<UInt64>(0)
    /// With how many other hosts the first rank of this one is connected.
    let links = Atomic<UInt32>(0)
    /// 1 when ranks of the job may disagree about a collective, which is being looked into.
    let suspicion = Atomic<UInt32>(0)
    /// When it was found last that the limit of a wait is another one.
    let held = Atomic<UInt64>(0)
  }

  /// A board in `blocks`, one of each rank of this host, by local rank: of `byteCount` bytes, 64-byte
  /// aligned.
  ///
  /// Nobody may look at it before all ranks of the host have come here.
  ///
  /// - Parameter rank: the number in the job of the caller, which is `localRank` here.
  init(in blocks: [UnsafeMutableRawPointer], localRank: Int, rank: Int) {
    flags = blocks[0].assumingMemoryBound(to: Flags.self)
    records = blocks.map {
      ($0 + SharedWindow.lineSize).assumingMemoryBound(to: RankRecord.self)
    }
    rings = Lane.allCases.map { lane in
      blocks.map { CollectiveRing(at: $0 + Self.ringStart + lane.rawValue * Self.laneSize) }
    }
    if localRank == 0 { flags.initialize(to: Flags()) }
    records[localRank].initialize(to: RankRecord(rank: rank))
    for lane in rings { lane[localRank].clear() }
  }

  /// Bytes of one rank's block.
  static let byteCount = ringStart + Lane.allCases.count * laneSize
  private static let ringStart =
    SharedWindow.lineSize + SharedWindow.roundedUp(MemoryLayout<RankRecord>.size)
  private static let laneSize = SharedWindow.roundedUp(CollectiveRing.byteCount)

  /// The number on this host of the job's rank `rank`; nil: it is on another one.
  @inline(__always)
  func localRank(of rank: Int) -> Int? {
    if rank < records.count, records[rank].pointee.rank == rank { return rank }
    return records.firstIndex { $0.pointee.rank == rank }
  }

  /// The last collectives of a rank of this host.
  @inline(__always)
  func ring(_ lane: Lane, _ localRank: Int) -> CollectiveRing { rings[lane.rawValue][localRank] }

  /// The last collectives of a rank of this host, oldest first, with sites relative to
  /// `CallSite.origin`.
  func entries(_ lane: Lane, _ localRank: Int) -> [CollectiveEntry] {
    let record = records[localRank]
    let ring = ring(lane, localRank)
    let last = record.pointee.lanes[lane.rawValue].entered.load(ordering: .acquiring)
    let first = last - Swift.min(last, UInt64(CollectiveRing.count))
    return (first..<last).compactMap { number in
      guard var entry = ring.entry(number + 1) else { return nil }
      entry.site = entry.site.moved(by: 0 &- record.pointee.origin)
      return entry
    }
  }

  /// Notes with how many hosts the first rank of this one is connected, and whether the first host of all
  /// is another one of them.
  func noteLinks(_ count: Int, toFirstHost isToFirst: Bool) {
    flags.pointee.links.store(UInt32(count), ordering: .releasing)
    flags.pointee.asksFirstHost.store(isToFirst ? 1 : 0, ordering: .releasing)
  }

  /// Whether the first rank of this host is there to tell other hosts of this one.
  var isHeardElsewhere: Bool {
    let looked = records[0].pointee.looked.load(ordering: .acquiring)
    return flags.pointee.links.load(ordering: .acquiring) > 0
      && monotonicNanoseconds() < looked + 2_000_000_000
  }

  /// Notes that ranks wait for one that waits for a disk, which has a limit of its own.
  func hold(at now: UInt64) { flags.pointee.held.store(now, ordering: .releasing) }

  /// Whether that was noted just now.
  func isHeld(at now: UInt64) -> Bool {
    let held = flags.pointee.held.load(ordering: .acquiring)
    return held > 0 && now < held + 2_000_000_000
  }

  /// Whether a rank of this host is leaving MPI.
  var isSomeoneLeaving: Bool {
    records.contains {
      $0.pointee.stage.load(ordering: .acquiring) == RankRecord.Stage.leaving.rawValue
    }
  }

  /// Whether all ranks of this host are leaving MPI, or have left it.
  var isEveryoneLeaving: Bool {
    records.allSatisfy {
      $0.pointee.stage.load(ordering: .acquiring) >= RankRecord.Stage.leaving.rawValue
    }
  }

  /// Notes that ranks of the job may disagree about a collective.
  func noteSuspicion() { flags.pointee.suspicion.store(1, ordering: .releasing) }

  /// Whether they may.
  var isSuspected: Bool { flags.pointee.suspicion.load(ordering: .acquiring) != 0 }

  /// Whether the caller is the first on this host to ask for the right to report a failure.
  func claimFailure() -> Bool {
    flags.pointee.failure.compareExchange(
      expected: 0, desired: 1, ordering: .acquiringAndReleasing
    ).exchanged
  }

  /// The same for a rank of the host with the number `host`, which may ask more than once.
  func claimFailure(for host: Int) -> Bool {
    let claim = flags.pointee.failure.compareExchange(
      expected: 0, desired: UInt32(host) + 2, ordering: .acquiringAndReleasing)
    return claim.exchanged || claim.original == UInt32(host) + 2
  }

  /// Whether a rank of this host waits for the first host's leave to report a failure.
  var isAwaitingLeave: Bool {
    flags.pointee.asksFirstHost.load(ordering: .acquiring) == 1
      && flags.pointee.failure.load(ordering: .acquiring) == 1
      && flags.pointee.answer.load(ordering: .acquiring) == 0
  }

  /// Notes the first host's answer.
  func noteLeave(_ isGranted: Bool) {
    flags.pointee.answer.store(isGranted ? 1 : 2, ordering: .releasing)
  }

  /// Whether a rank that has claimed a failure may report it: false where a rank of another host does.
  /// Where the first host, which decides, does not answer within two seconds, it may.
  func awaitLeave() -> Bool {
    var looks = 0
    while isAwaitingLeave, looks < 200 {
      usleep(10_000)
      looks += 1
    }
    return flags.pointee.answer.load(ordering: .acquiring) != 2
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
}
