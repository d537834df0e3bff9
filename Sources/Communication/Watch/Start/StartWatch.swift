import Diagnostics
import Glibc
import Support

/// A thread that looks who has come while MPI waits until all ranks have: MPI itself waits for ever, and
/// names nobody.
///
/// There is no record that ranks share before they have joined, so it looks at what the system shows of
/// their processes. Across hosts nothing is heard: a host that holds nobody up leaves it to the others.
///
/// `@unchecked Sendable`: what the thread remembers between its looks is touched by it alone, the
/// rest is constant. It calls nothing of MPI but `MPI_Abort`, where MPI has been started.
final class StartWatch: @unchecked Sendable {
  private let member: JobMember
  private let localSize: Int?
  /// Of nonsense in the environment rank 0 alone speaks, when it has come.
  private let limits = WatchLimits(
    warning: Setting.warnAfter.secondsIfSound ?? 30, abort: Setting.abortAfter.secondsIfSound ?? 600
  )
  private var thread: WatchThread?
  private var stopwatch: AwakeStopwatch
  private var hasWarned = false

  /// For a process that a launcher says is one of several ranks; nil: it says nothing of that.
  static var ofEnvironment: StartWatch? {
    let variables = RankProcess.variables(of: getpid())
    guard let size = LaunchEnvironment.current.promisedRanks, size > 1,
      let rank = RankProcess.rank(in: variables)
    else { return nil }
    return StartWatch(
      rank: rank, size: size,
      localSize: variables["OMPI_COMM_WORLD_LOCAL_SIZE"].flatMap { Int($0) })
  }

  private init(rank: Int, size: Int, localSize: Int?) {
    var member = JobMember()
    (member.rank, member.size) = (rank, size)
    member.isOneHost = localSize == size
    (self.member, self.localSize) = (member, localSize)
    stopwatch = AwakeStopwatch(interval: limits.interval, at: monotonicNanoseconds())
  }

  /// Starts the thread; without one, nothing but the limits is lost.
  func start() {
    thread = WatchThread { [self] stop in
      var end = pollfd(fd: stop, events: Int16(POLLIN), revents: 0)
      repeat {
        look(at: monotonicNanoseconds())
      } while poll(
        &end, 1, Int32(limits.interval / 1_000_000)) <= 0
    }
  }

  /// Ends the thread: all ranks have joined.
  func stop() {
    thread?.stop()
    thread = nil
  }

  private func look(at now: UInt64) {
    let waited = stopwatch.look(at: now)
    let mayWarn = limits.warning > 0 && waited > limits.warning && !hasWarned
    guard mayWarn || limits.abort > 0 && waited > limits.abort else { return }
    let attendance = Attendance(
      size: member.size, localSize: localSize,
      processes: RankProcess.all(threadsOfCome: WatchThread.name))
    let speaker = attendance.speaker ?? 0
    let isMine = speaker == member.rank
    if mayWarn {
      hasWarned = true
      if isMine, attendance.isHeldUpHere || member.rank == 0 {
        let lines = attendance.sentences(after: waited).map { "\n  \($0)" }.joined()
        writeLine("warning: no progress for \(duration(waited)):\(lines)")
      }
    }
    var limit = limits.abort
    // Who knows less gives those who know more the time to end the job.
    if !attendance.isHeldUpHere { limit += HostWatch.grace }
    if !isMine { limit += Self.grace }
    if attendance.isSomeoneGone, member.rank > 0 { limit += Self.endOfJob }
    // Hosts hear nothing of each other: that of the first rank comes first.
    if !member.isOneHost, speaker > 0 { limit += Self.endOfJob }
    guard limits.abort > 0, waited > limit else { return }
    member.end(
      """
      waited longer than the limit of \(duration(limits.abort)): \
      \(attendance.sentences(after: waited).joined(separator: "; "))
      """, .peerLost)
  }

  /// Seconds that a rank leaves it to a lower one of its host to end the job.
  private static let grace = 5.0
  /// Seconds in which a job ends when one of its ranks has spoken.
  private static let endOfJob = 3.0
}
