import Diagnostics
import Glibc
import Support
import Synchronization

/// A thread that looks at this rank's record, and at the others' when this rank waits for them: it
/// works while the rank's own thread is stuck in MPI or in the user's program, from the moment when the
/// ranks have joined until the process ends. That of the first rank of a host also hears of other hosts.
///
/// By hand: MPI and its launchers notice that a process has ended, but not that ranks wait for each
/// other.
///
/// `@unchecked Sendable`: what the thread remembers between its looks is touched by it alone, the
/// rest is constant. It calls nothing of MPI but `MPI_Abort`.
package final class Watchdog: @unchecked Sendable {
  private let watch: Watch
  /// What this rank hears of other hosts; nil: it is not the first of its host, or there is one.
  private let hosts: HostWatch?
  private var thread: WatchThread?

  /// The collective of each lane that this rank was in at the last look; 0: none.
  private var seen: [UInt64] = [0, 0]
  /// Since when it has been in it.
  private var seenSince: [UInt64] = [0, 0]
  /// The same of parts: `PartRecord.serial`.
  private var seenPart: (serial: UInt64, since: UInt64) = (0, 0)
  /// Since when it was waiting in shared memory at the last look; 0: it was not.
  private var seenAwaiting: UInt64 = 0
  /// The wait for storage that it was in at the last look; 0: none.
  private var seenStorage: UInt64 = 0
  private var time = AwakeTime()

  package convenience init(_ watch: Watch) { self.init(watch, nil) }

  init(_ watch: Watch, _ hosts: HostWatch?) {
    self.watch = watch
    self.hosts = hosts
  }

  /// Starts the thread; without one, nothing but the limits is lost.
  func start() {
    thread = WatchThread { [unowned self] stop in
      if hosts != nil { HostWatch.noteThread() }
      repeat { look(at: monotonicNanoseconds()) } while sleep(orStop: stop)
    }
  }

  /// Looks only at who has not left MPI, for all ranks have come to that. Other hosts are told so.
  ///
  /// - Parameter isBoardLeft: whether the records are to be looked at no more, for their memory goes.
  func leave(withoutBoard isBoardLeft: Bool) {
    guard let looking = thread else { return }
    looking.stop()
    if isBoardLeft {
      thread = hosts.map { $0.leave() }
      return
    }
    thread = WatchThread { [unowned self] stop in
      if hosts != nil { HostWatch.noteThread() }
      repeat { lookAtEnd(at: monotonicNanoseconds()) } while sleep(orStop: stop)
      hosts?.channel.close()
    }
  }

  /// Ends the thread.
  func stop() {
    thread?.stop()
    thread = nil
  }

  /// Whether the time until the next look has passed; false: this rank leaves MPI.
  private func sleep(orStop stop: Int32) -> Bool {
    let (interval, now) = (watch.limits.interval, monotonicNanoseconds())
    // To name lines may have taken seconds.
    time.rest(at: now)
    if let hosts { return hosts.wait(until: now + interval, orStop: stop) }
    var end = pollfd(fd: stop, events: Int16(POLLIN), revents: 0)
    let status = poll(&end, 1, Int32(interval / 1_000_000))
    return status == 0 || (status < 0 && errno == EINTR)
  }

  /// Looks as a thread that has not been looking for a while: what was noted before moves on.
  private func resume(at now: UInt64) {
    let lost = time.lost(at: now, interval: watch.limits.interval)
    guard lost > 0 else { return }
    watch.mine.pointee.move(by: lost, until: now)
    for lane in seenSince.indices { seenSince[lane] = Swift.min(seenSince[lane] + lost, now) }
    seenPart.since = Swift.min(seenPart.since + lost, now)
    hosts?.move(by: lost, until: now)
  }

  /// Looks at this rank only, at the moment `now`, and notes in its record what only time tells; returns
  /// since when it has been waiting; nil: it is not.
  package func note(at now: UInt64) -> UInt64? {
    resume(at: now)
    noteStorage(now)
    let since = waitBegan(now)
    watch.mine.pointee.looked.store(now, ordering: .releasing)
    return since
  }

  private func look(at now: UInt64) {
    let since = note(at: now)
    // Not at the first look: what is on its way needs no attention.
    let isSettled = since.map { $0 < now } ?? true
    if isSettled { watch.endIfPartMismatched() }
    if let hosts { return hosts.look(at: now) }
    if isSettled, watch.differsFromNeighbor { watch.endIfMismatched() }
    guard let since, since < now else { return }
    let isLeftToOthers = watch.board.isHeardElsewhere
    if watch.board.isSomeoneLeaving {
      watch.endIfLeft(watch.viewOfHost(at: now), leavingItToOthers: isLeftToOthers)
    }
    watch.judge(Double(now - since) * 1e-9, at: now, leavingItToOthers: isLeftToOthers) {
      watch.viewOfHost(at: now)
    }
  }

  /// Looks at ranks that are past everything but MPI's own end.
  private func lookAtEnd(at now: UInt64) {
    resume(at: now)
    watch.mine.pointee.looked.store(now, ordering: .releasing)
    if let hosts { return hosts.lookAtEnd(at: now) }
    let since = watch.mine.pointee.stageBegan.load(ordering: .relaxed)
    watch.judge(
      Double(now - Swift.min(since, now)) * 1e-9, at: now,
      leavingItToOthers: watch.board.isHeardElsewhere
    ) { watch.viewOfHost(at: now) }
  }

  /// Shows the others of the host whether this rank waits for storage; a thread of the files' own ends a
  /// wait that takes too long.
  private func noteStorage(_ now: UInt64) {
    let wait = StorageWaits.oldestWait ?? 0
    guard wait != seenStorage else { return }
    seenStorage = wait
    watch.mine.pointee.storageSince.store(wait > 0 ? now : 0, ordering: .relaxed)
  }

  /// Since when this rank has been waiting; nil: it is not. Notes it in the rank's record.
  private func waitBegan(_ now: UInt64) -> UInt64? {
    let record = watch.mine
    var (began, isSame) = (UInt64.max, true)
    let isAwaiting = record.pointee.awaited.load(ordering: .acquiring) > 0
    let awaiting = isAwaiting ? record.pointee.awaitedSince.load(ordering: .relaxed) : 0
    if isAwaiting { began = awaiting }
    if awaiting != seenAwaiting { isSame = false }
    seenAwaiting = awaiting
    let part = record.pointee.part.serial.load(ordering: .acquiring)
    if part != seenPart.serial {
      isSame = false
      seenPart = (part, now)
      record.pointee.part.waitBegan.store(part > 0 ? now : 0, ordering: .relaxed)
    }
    if part > 0 { began = Swift.min(began, seenPart.since) }
    if record.pointee.stage.load(ordering: .acquiring) == RankRecord.Stage.leaving.rawValue {
      began = Swift.min(began, record.pointee.stageBegan.load(ordering: .relaxed))
    }
    for lane in Lane.allCases.indices {
      let entered = record.pointee.lanes[lane].entered.load(ordering: .acquiring)
      let isInside = record.pointee.lanes[lane].completed.load(ordering: .acquiring) != entered
      if seen[lane] != (isInside ? entered : 0) {
        isSame = false
        seen[lane] = isInside ? entered : 0
        seenSince[lane] = now
        record.pointee.lanes[lane].waitBegan.store(isInside ? now : 0, ordering: .relaxed)
      }
      if isInside { began = Swift.min(began, seenSince[lane]) }
    }
    let looks = record.pointee.looksInWait.load(ordering: .relaxed)
    let isWaiting = began < .max
    record.pointee.looksInWait.store(
      isWaiting && isSame ? looks + 1 : 0, ordering: .relaxed)
    return isWaiting ? began : nil
  }
}
