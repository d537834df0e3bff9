import Diagnostics
import Glibc
import Synchronization

/// A thread that looks at this rank's record, and at the others' when this rank waits for them: it
/// works while the rank's own thread is stuck in MPI or in the user's program.
///
/// `@unchecked Sendable`: what the thread remembers between its looks is touched by it alone, the
/// rest is constant. It calls nothing of MPI but `MPI_Abort`.
final class Watchdog: @unchecked Sendable {
  private let watch: Watch
  /// A pipe whose other end is closed when the thread is to end.
  private var pipeEnds: [Int32] = [-1, -1]
  private var thread = pthread_t()
  private var isRunning = false

  /// The collective that this rank was in at the last look; 0: none.
  private var seen: UInt64 = 0
  /// Since when it has been in it.
  private var seenSince: UInt64 = 0

  init(_ watch: Watch) {
    self.watch = watch
    if pipe(&pipeEnds) != 0 { pipeEnds = [-1, -1] }
  }

  /// Starts the thread; without one, nothing but the limits is lost.
  func start() {
    isRunning =
      pipeEnds[0] >= 0
      && pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          Unmanaged<Watchdog>.fromOpaque(argument).takeUnretainedValue().run()
          return nil
        }, Unmanaged.passUnretained(self).toOpaque()) == 0
  }

  /// Ends the thread, and returns when it has ended.
  func stop() {
    guard isRunning else { return }
    isRunning = false
    close(pipeEnds[1])
    pthread_join(thread, nil)
    close(pipeEnds[0])
  }

  private func run() {
    repeat { look(at: monotonicNanoseconds()) } while sleep()
  }

  /// Whether the time until the next look has passed; false: this rank leaves MPI.
  private func sleep() -> Bool {
    var end = pollfd(fd: pipeEnds[0], events: Int16(POLLIN), revents: 0)
    let milliseconds = Int32(watch.limits.interval / 1_000_000)
    let status = poll(&end, 1, milliseconds)
    return status == 0 || (status < 0 && errno == EINTR)
  }

  private func look(at now: UInt64) {
    guard let since = waitBegan(now) else { return watch.endIfMismatched() }
    // Not at the first look: what is on its way needs no attention.
    guard now > since else { return }
    if watch.mine.pointee.awaited.load(ordering: .acquiring) == 0 { watch.endIfMismatched() }
    endIfAPeerHasLeft()
    let waited = Double(now - since) * 1e-9
    let limits = watch.limits
    // Even where this thread comes so late that it ends the job as well: who comes first, warns.
    if limits.warning > 0, waited > limits.warning {
      watch.board.warnOnce(since: since, now: now) {
        let lines = watch.sentences(watch.activities()).map { "\n  \($0)" }.joined()
        writeLine("warning: no progress for \(duration(waited)):\(lines)")
      }
    }
    // A warning that another rank is about to write comes first, if it comes within two seconds:
    // to name lines takes some tenths of one on a free core.
    let limit = limits.abort + (watch.board.isSomeoneWarning ? 2 : 0)
    if limits.abort > 0, waited > limit { end(waited, limits.abort) }
  }

  /// Since when this rank has been waiting; nil: it is not.
  private func waitBegan(_ now: UInt64) -> UInt64? {
    let record = watch.mine
    if record.pointee.awaited.load(ordering: .acquiring) > 0 {
      return record.pointee.awaitedSince.load(ordering: .relaxed)
    }
    let entered = record.pointee.entered.load(ordering: .acquiring)
    let isWaiting = record.pointee.completed.load(ordering: .acquiring) != entered
    if !isWaiting || entered != seen {
      seen = isWaiting ? entered : 0
      seenSince = now
      record.pointee.waitBegan.store(isWaiting ? now : 0, ordering: .relaxed)
    }
    return isWaiting ? seenSince : nil
  }

  /// Ends the job with status 75 if a rank of this host is leaving MPI without having come to what
  /// this rank waits for.
  private func endIfAPeerHasLeft() {
    let awaited = Int(watch.mine.pointee.awaited.load(ordering: .acquiring)) - 1
    let entered = watch.mine.pointee.entered.load(ordering: .acquiring)
    for (index, record) in watch.board.records.enumerated() {
      let isLeaving =
        record.pointee.stage.load(ordering: .acquiring) == RankRecord.Stage.leaving.rawValue
      guard isLeaving,
        awaited >= 0
          ? awaited == index : record.pointee.entered.load(ordering: .acquiring) < entered
      else { continue }
      let mine = watch.activities()[watch.localRank]
      guard mine.isWaiting else { return }
      watch.member.end(
        """
        rank \(record.pointee.rank) has returned from withCommunicator and ended, but others wait \
        for it: \(Activity.sentence([mine]))
        """, .peerLost)
    }
  }

  /// Ends the job. Ranks that all wait, each for another thing, will do so again: trying again makes
  /// no sense then.
  private func end(_ waited: Double, _ limit: Double) -> Never {
    let activities = watch.activities()
    let isDeadlock = activities.count == watch.member.size && activities.allSatisfy(\.isWaiting)
    watch.member.end(
      """
      waited longer than the limit of \(duration(limit)): \
      \(watch.sentences(activities).joined(separator: "; "))
      """, isDeadlock ? .ranksDisagree : .peerLost)
  }
}
