import Diagnostics
import Glibc
import Parallel
import Steps
import Support
import Synchronization

/// Keeps the record of what this rank is doing, where the other ranks of the host see it, and
/// compares what ranks pass to a collective.
///
/// A part of the ranks has one of its own, which compares the part's collectives. All that this rank
/// does, and waits for, it shows in the record of the whole, whose watchdog looks at both.
///
/// `@unchecked Sendable`: a record has one writer for each of its parts. The collectives of a lane
/// are called by one thread at a time, and so are phases noted and shared windows waited in; the
/// watchdog writes `waitBegan`, `looked` and `looksInWait`, and reads the rest.
public final class Watch: @unchecked Sendable {
  /// How long this rank waits before it warns, and before it ends the job.
  public var limits: WatchLimits {
    get { whole?.limits ?? currentLimits.withLock { $0 } }
    set {
      if let whole {
        whole.limits = newValue
      } else {
        currentLimits.withLock { $0 = newValue }
        StorageWaits.limits = newValue.ofStorage
      }
    }
  }

  let board: HostBoard
  let member: JobMember
  let localRank: Int
  /// The number in the job of each rank of the communicator.
  let ranks: [Int]
  /// What these ranks are a part of, and how they are called there; nil: they are no part.
  let whole: Watch?
  let part: PartName?
  /// The record of this rank.
  let mine: UnsafeMutablePointer<RankRecord>
  private let currentLimits = Mutex(WatchLimits.ofEnvironment)
  private let world: CollectiveLog
  private let acrossHosts: CollectiveLog
  /// The parts that this rank is of.
  private let watchedParts = Locked<[Watch]>([])
  private let partCalls: PartCalls
  /// When the watchdog looks next whether no time helps any more; it alone touches it.
  var nextDeadlockLook: UInt64 = 0
  /// Whether the memory of the records may have been given back.
  private let isClosed = Atomic(false)

  init(
    _ board: HostBoard, localRank: Int, ranks: [Int], _ member: JobMember, partOf whole: Watch?
  ) {
    self.board = board
    self.member = member
    self.localRank = localRank
    self.ranks = ranks
    self.whole = whole
    part = whole.map { _ in PartName(ranks) }
    mine = board.records[localRank]
    world = CollectiveLog(
      .world, on: board, localRank: localRank, alsoAddingWaitsTo: whole?.mine)
    acrossHosts = CollectiveLog(
      .acrossHosts, on: board, localRank: localRank, alsoAddingWaitsTo: whole?.mine)
    partCalls = PartCalls(in: mine)
    show(.setUp, step: nil)
    whole?.watchedParts.withLock { $0.append(self) }
  }

  /// The parts that this rank is of.
  var parts: [Watch] { watchedParts.withLock { $0 } }

  /// Looks at no record any more, for their memory is given back.
  func close() {
    isClosed.store(true, ordering: .relaxed)
    watchedParts.withLock { $0 = [] }
  }

  /// Stops the program if `use` comes after the ranks have left the communicator.
  @inline(__always)
  func requireOpen(_ use: StaticString) {
    check(
      !isClosed.load(ordering: .relaxed),
      """
      \(use): the body of withCommunicator(over:) has returned, and its communicator with it; \
      call this inside the body
      """)
  }

  /// See `Communicator.note`.
  func note(_ phase: Phase, step: Int?) {
    guard !isClosed.load(ordering: .relaxed) else { return }
    whole?.note(phase, step: step)
    show(phase, step: step)
  }

  private func show(_ phase: Phase, step: Int?) {
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
  @inline(__always)
  func enter(_ call: CollectiveCall) {
    let log = call.lane == .world ? world : acrossHosts
    if log.lastDiffers { endIfMismatched() }
    log.enter(call)
    if let whole, let part {
      whole.partCalls.enter(
        PartCalls.Call(call: call, number: log.number, part: part, site: CallSite.capture()))
    }
  }

  /// Notes that this rank's collective `call` is complete: it is to be compared with that of the job's
  /// rank `peer`, where that is on this host, or with the next one of the host.
  @inline(__always)
  func leave(_ call: CollectiveCall, comparedWith peer: Int?) {
    let log = call.lane == .world ? world : acrossHosts
    let local = peer.flatMap { board.localRank(of: $0) }
    log.leave(comparedWith: local.map { board.ring(call.lane, $0) })
    if let whole, let part {
      whole.partCalls.leave(
        PartCalls.Call(call: call, number: log.number, part: part, site: CallSite()))
    }
  }

  /// Notes that this rank waits in a shared window for the rank `localRank`; nil: no longer.
  package func awaitArrival(of localRank: Int?) {
    guard !isClosed.load(ordering: .relaxed) else { return }
    if let whole {
      whole.awaitArrival(
        of: localRank.flatMap { whole.board.localRank(of: board.records[$0].pointee.rank) })
      if localRank == nil { addWait(since: whole.mine, monotonicNanoseconds()) }
      return
    }
    let now = monotonicNanoseconds()
    if let localRank {
      if mine.pointee.awaited.load(ordering: .relaxed) == 0 {
        mine.pointee.awaitedAt = CallSite.capture()
        mine.pointee.awaitedSince.store(now, ordering: .releasing)
      }
      mine.pointee.awaited.store(UInt32(localRank + 1), ordering: .releasing)
    } else {
      addWait(since: mine, now)
      mine.pointee.awaited.store(0, ordering: .releasing)
    }
  }

  /// Adds to what this rank has waited the time up to `now` since the wait began that `record` shows.
  private func addWait(since record: UnsafeMutablePointer<RankRecord>, _ now: UInt64) {
    let since = record.pointee.awaitedSince.load(ordering: .relaxed)
    mine.pointee.waited.wrappingAdd(now &- since, ordering: .relaxed)
  }

  /// How many collectives over all ranks each rank of this host has entered, by local rank.
  package var enteredCollectives: [UInt64] {
    board.records.map {
      $0.pointee.lanes[Lane.world.rawValue].entered.load(ordering: .acquiring)
    }
  }

  /// Seconds that this rank has spent in the communicator's shared windows and large collectives, and in
  /// those of its parts, most of them waiting for others.
  package var waitedSeconds: Double {
    Double(mine.pointee.waited.load(ordering: .relaxed)) * 1e-9
  }
}
