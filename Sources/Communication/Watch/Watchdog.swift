import Diagnostics
import Glibc
import Support
import Synchronization

/// A thread that looks at this rank's record, and at the others' when this rank waits for them: it
/// works while the rank's own thread is stuck in MPI or in the user's program. That of the first
/// rank of a host also hears of other hosts.
///
/// By hand: MPI and its launchers notice that a process has ended, but not that ranks wait for each
/// other.
///
/// `@unchecked Sendable`: what the thread remembers between its looks is touched by it alone, the
/// rest is constant. It calls nothing of MPI but `MPI_Abort`.
final class Watchdog: @unchecked Sendable {
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

  init(_ watch: Watch, _ hosts: HostWatch?) {
    self.watch = watch
    self.hosts = hosts
  }

  /// Starts the thread; without one, nothing but the limits is lost.
  func start() {
    thread = WatchThread { [unowned self] stop in
      repeat { look(at: monotonicNanoseconds()) } while sleep(orStop: stop)
    }
  }

  /// Looks at no record any more. Other hosts are told that the ranks of this one have left, until
  /// `stop`.
  func leave() {
    thread?.stop()
    thread = hosts.map { $0.leave() }
  }

  /// Ends the thread.
  func stop() {
    thread?.stop()
    thread = nil
  }

  /// Whether the time until the next look has passed; false: this rank leaves MPI.
  private func sleep(orStop stop: Int32) -> Bool {
    let interval = watch.limits.interval
    if let hosts {
      return hosts.wait(until: monotonicNanoseconds() + interval, orStop: stop)
    }
    var end = pollfd(fd: stop, events: Int16(POLLIN), revents: 0)
    let status = poll(&end, 1, Int32(interval / 1_000_000))
    return status == 0 || (status < 0 && errno == EINTR)
  }

  private func look(at now: UInt64) {
    let since = waitBegan(now)
    watch.mine.pointee.looked.store(now, ordering: .releasing)
    // Not at the first look: what is on its way needs no attention.
    let isSettled = since.map { $0 < now } ?? true
    if isSettled { watch.endIfPartMismatched() }
    if let hosts { return hosts.look(at: now) }
    if isSettled, watch.differsFromNeighbor { watch.endIfMismatched() }
    guard let since, since < now else { return }
    let isLeftToOthers = watch.board.isHeardElsewhere
    if watch.board.isSomeoneLeaving {
      watch.endIfLeft(watch.viewOfHost(), leavingItToOthers: isLeftToOthers)
    }
    watch.judge(Double(now - since) * 1e-9, at: now, leavingItToOthers: isLeftToOthers) {
      watch.viewOfHost()
    }
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
