import Diagnostics
import Glibc
import Steps
import Synchronization

/// Keeps the record of what this rank is doing, where the other ranks of the host see it, and
/// compares what ranks pass to a collective.
///
/// `@unchecked Sendable`: a record has one writer for each of its parts. Collectives are called by
/// one thread at a time, and so are phases noted and shared windows waited in; the watchdog writes
/// `waitBegan` and reads the rest.
public final class Watch: @unchecked Sendable {
  /// How long this rank waits before it warns, and before it ends the job.
  public var limits: WatchLimits {
    get { currentLimits.withLock { $0 } }
    set { currentLimits.withLock { $0 = newValue } }
  }

  let board: HostBoard
  let member: JobMember
  let localRank: Int
  /// The record of this rank.
  let mine: UnsafeMutablePointer<RankRecord>
  private let comparesRecords: Bool
  private let currentLimits = Mutex(WatchLimits.ofEnvironment)
  private let ring: CollectiveRing
  private let neighbour: CollectiveRing
  /// With whom the last collective is still to be compared.
  private var compared: CollectiveRing
  private var last = CollectiveCall.barrier
  private var number: UInt64 = 0
  private var largeSince: UInt64 = 0

  /// - Parameter comparesRecords: whether mismatches are looked for in the records.
  init(_ board: HostBoard, localRank: Int, _ member: JobMember, comparesRecords: Bool) {
    self.comparesRecords = comparesRecords
    self.board = board
    self.member = member
    self.localRank = localRank
    mine = board.records[localRank]
    ring = board.rings[localRank]
    neighbour = board.rings[(localRank + 1) % board.rings.count]
    compared = neighbour
    note(.setUp, step: nil)
  }

  /// See `Communicator.note`.
  func note(_ phase: Phase, step: Int?) {
    let name = phase.name
    let kept = name.hasPointerRepresentation ? Swift.min(name.utf8CodeUnitCount, 31) : 0
    for index in 0..<kept { mine.pointee.phaseName[index] = name.utf8Start[index] }
    mine.pointee.phaseName[kept] = 0
    mine.pointee.phaseAt = CallSite.capture()
    mine.pointee.phaseBegan.store(monotonicNanoseconds(), ordering: .releasing)
    if let step { mine.pointee.step.store(UInt64(step), ordering: .relaxed) }
  }

  /// Notes that this rank enters or leaves `withCommunicator`, or MPI.
  func note(_ stage: RankRecord.Stage) {
    mine.pointee.stageBegan.store(monotonicNanoseconds(), ordering: .relaxed)
    mine.pointee.stage.store(stage.rawValue, ordering: .releasing)
  }

  /// Notes that this rank enters a collective.
  func enter(_ call: CollectiveCall) {
    // Compares the last one.
    if let theirs = compared.call(number), theirs != last { endIfMismatched() }
    number &+= 1
    last = call
    if call.isLarge { largeSince = monotonicNanoseconds() }
    ring.add(number, call)
    mine.pointee.entered.store(number, ordering: .releasing)
  }

  /// Notes that this rank's collective is complete.
  ///
  /// Every rank compares itself with one that it cannot have got ahead of: who has sent the data of
  /// a broadcast, or any after a collective that waits for all. There it is the next one of the
  /// host, so that no record is read by many. That record is still in another core's cache: it is
  /// sent for now and compared before the next collective, or by the watchdog.
  func leave(comparedWith peer: Int?) {
    mine.pointee.completed.store(number, ordering: .releasing)
    if last.isLarge {
      let waited = monotonicNanoseconds() &- largeSince
      mine.pointee.waited.wrappingAdd(waited, ordering: .relaxed)
    }
    compared = peer.map { board.rings[board.localRank(of: $0)] } ?? neighbour
    compared.fetch(number)
  }

  /// Ends the job with status 76 if the ranks of this host disagree about the collective that this
  /// rank entered last, unless that is found out by messages.
  func endIfMismatched() {
    guard comparesRecords, mismatch() != nil else { return }
    usleep(50_000)  // so that ranks which are about to call it are named too
    if let mismatch = mismatch() { member.end(mismatch, .ranksDisagree) }
  }

  /// Notes that this rank waits in a shared window for the rank `localRank`; nil: no longer.
  func awaitArrival(of localRank: Int?) {
    let now = monotonicNanoseconds()
    if let localRank {
      if mine.pointee.awaited.load(ordering: .relaxed) == 0 {
        mine.pointee.awaitedAt = CallSite.capture()
        mine.pointee.awaitedSince.store(now, ordering: .releasing)
      }
      mine.pointee.awaited.store(UInt32(localRank + 1), ordering: .releasing)
    } else {
      let since = mine.pointee.awaitedSince.load(ordering: .relaxed)
      mine.pointee.waited.wrappingAdd(now &- since, ordering: .relaxed)
      mine.pointee.awaited.store(0, ordering: .releasing)
    }
  }

  /// How many collectives each rank of this host has entered, by local rank.
  package var enteredCollectives: [UInt64] {
    board.records.map { $0.pointee.entered.load(ordering: .acquiring) }
  }

  /// Seconds that this rank has spent in shared windows and large collectives, most of them waiting
  /// for others.
  package var waitedSeconds: Double {
    Double(mine.pointee.waited.load(ordering: .relaxed)) * 1e-9
  }
}
