import Support
import Synchronization

/// Notes this rank's collectives of one lane where its host sees them, and compares them with those
/// of another rank.
///
/// Belongs to the thread that calls them.
final class CollectiveLog {
  private let lane: Lane
  private let mine: UnsafeMutablePointer<RankRecord>
  /// Where the time that this rank waits is added up too: the record of the whole, of a part.
  private let whole: UnsafeMutablePointer<RankRecord>?
  private let ring: CollectiveRing
  private let neighbor: CollectiveRing
  /// With whom the last collective is still to be compared.
  private var compared: CollectiveRing
  private var chain: UInt64 = 0
  /// The number of the last collective.
  private(set) var number: UInt64 = 0
  private var isLarge = false
  private var largeSince: UInt64 = 0

  init(
    _ lane: Lane, on board: HostBoard, localRank: Int,
    alsoAddingWaitsTo whole: UnsafeMutablePointer<RankRecord>?
  ) {
    self.lane = lane
    mine = board.records[localRank]
    self.whole = whole
    ring = board.ring(lane, localRank)
    neighbor = board.ring(lane, (localRank + 1) % board.records.count)
    compared = neighbor
  }

  /// Whether the rank with which the last collective was to be compared has passed another thing to
  /// it, or to one before.
  @inline(__always)
  var lastDiffers: Bool { compared.chain(number).map { $0 != chain } ?? false }

  /// Notes that this rank enters a collective.
  @inline(__always)
  func enter(_ call: CollectiveCall) {
    number &+= 1
    chain = CollectiveEntry.chain(chain, call)
    isLarge = call.isLarge
    if isLarge { largeSince = monotonicNanoseconds() }
    ring.add(number, call, chain: chain)
    mine.pointee.lanes[lane.rawValue].entered.store(number, ordering: .releasing)
  }

  /// Notes that this rank's collective is complete.
  ///
  /// Every rank compares itself with one that it cannot have got ahead of: who has sent the data of
  /// a broadcast, or any after a collective that waits for all. There it is the next one of the
  /// host, so that no record is read by many. That record is still in another core's cache: it is
  /// sent for now and compared before the next collective, or by the watchdog.
  @inline(__always)
  func leave(comparedWith peer: CollectiveRing?) {
    mine.pointee.lanes[lane.rawValue].completed.store(number, ordering: .releasing)
    if isLarge {
      let waited = monotonicNanoseconds() &- largeSince
      mine.pointee.waited.wrappingAdd(waited, ordering: .relaxed)
      whole?.pointee.waited.wrappingAdd(waited, ordering: .relaxed)
    }
    compared = peer ?? neighbor
    compared.fetch(number)
  }
}

extension CollectiveCall {
  /// The collectives among which it has its place.
  var lane: Lane { kind == .allReduceAcrossHosts ? .acrossHosts : .world }
}
