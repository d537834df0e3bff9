import Diagnostics
import Support
import Synchronization

/// What the first rank of a host knows of the other hosts, and what it tells them.
///
/// Every tenth of a second it says how far it has come, twice a second what all ranks of its host
/// do. Of the hosts that hear each other the first one speaks, for all; a later one does where that
/// one is silent. Belongs to the watchdog's thread.
final class HostWatch {
  let watch: Watch
  let channel: HostChannel
  var others: [Int: Other] = [:]
  private var looks = 0
  /// The hosts that have been told what the ranks of this one do.
  private var told: [Int] = []
  /// Whether all ranks have come to leave MPI, and nothing is compared any more.
  private var isAtEnd = false
  /// What is told when the records of this host are not to be looked at any more; nil: they are.
  private var farewell: HostReport?
  /// Since when it has been thought that ranks disagree about a collective.
  var suspectedSince: UInt64?
  /// When the others are asked what their ranks have passed.
  var asksAt: UInt64 = 0
  /// How they differ, as far as it is known.
  var mismatch: Mismatch?

  /// Seconds that a rank leaves it to others to end the job.
  static let grace = 10.0
  /// Seconds that naming lines may take, tenths of one on a free core.
  private static let speech = 5.0

  /// What is known of another host.
  struct Other {
    /// When anything came from it last; in future while it says something.
    var heard: UInt64
    var hasLeft = false
    /// What its ranks did, as told twice a second.
    var states: [RankState] = []
    var marks = HostReport()
    /// The number of a collective up to which its first rank and that of this host have passed
    /// different things; nil: none is known.
    var differs: UInt64?
    /// All that its ranks have kept; nil: it has not been asked, or has not answered.
    var kept: [HostReport.Kept]?
  }

  init(_ watch: Watch, _ channel: HostChannel) {
    self.watch = watch
    self.channel = channel
  }

  /// Tells and hears until the moment `end`; false: `stop` has been closed at its other end.
  func wait(until end: UInt64, orStop stop: Int32) -> Bool {
    channel.wait(until: end, orStop: stop) { [self] host, bytes in receive(bytes, from: host) }
  }

  /// Tells the others that the ranks of this host have left, without looking at their records, on a
  /// thread that is to be ended when the job is over.
  func leave() -> WatchThread {
    farewell = report(watch.states(at: monotonicNanoseconds()))
    farewell?.hasLeft = true
    return WatchThread { [self] stop in
      repeat {
        channel.send(farewell?.bytes ?? [])
      } while wait(until: monotonicNanoseconds() + 100_000_000, orStop: stop)
      channel.close()
    }
  }

  /// Whether another host speaks for this one.
  private func isAnotherSpeaking(at now: UInt64) -> Bool {
    channel.connected.contains { host in
      host < min(channel.host, HostChannel.observers)
        && others[host].map {
          (!$0.hasLeft || isAtEnd) && seconds(now, since: $0.heard) < patience
        } ?? false
    }
  }

  /// Moves all that this host remembers the time of by `lost` nanoseconds, in which it did not run until
  /// the moment `now`.
  func move(by lost: UInt64, until now: UInt64) {
    func moved(_ then: UInt64) -> UInt64 { then < now ? Swift.min(then + lost, now) : then }
    others = others.mapValues { other in
      var other = other
      other.heard = moved(other.heard)
      return other
    }
    suspectedSince = suspectedSince.map(moved)
    asksAt = moved(asksAt)
  }

  /// Seconds without a sign after which a host counts as silent.
  var patience: Double { watch.patience }

  func seconds(_ now: UInt64, since then: UInt64) -> Double {
    Double(now &- Swift.min(then, now)) * 1e-9
  }
}

/// Telling and hearing.
extension HostWatch {
  func report(_ states: [RankState] = []) -> HostReport {
    var report = HostReport()
    report.mark(watch.board)
    report.suspects = suspectedSince != nil
    report.states = states
    return report
  }

  private func receive(_ bytes: [UInt8], from host: Int) {
    guard let report = HostReport(bytes) else { return }
    if var farewell {
      farewell.isWhole = true
      if report.asks { channel.send(farewell.bytes, to: host) }
      return
    }
    let now = monotonicNanoseconds()
    var other = others[host] ?? Other(heard: now)
    other.heard = report.isSpeaking ? now + UInt64(Self.speech * 1e9) : now
    other.hasLeft = report.hasLeft
    if !report.states.isEmpty { other.states = report.states }
    other.marks.marks = report.marks
    if report.isWhole, suspectedSince != nil { other.kept = report.kept }
    others[host] = other
    settleClaims(report, from: host)
    if isAtEnd { return }
    compare(with: host)
    if report.suspects { suspect(at: now) }
    if report.asks {
      var answer = self.report(watch.states(at: now))
      answer.isWhole = true
      answer.kept = watch.kept()
      channel.send(answer.bytes, to: host)
    }
  }
}

/// Looking.
extension HostWatch {
  /// Looks at what is known, and says it where it must be said.
  func look(at now: UInt64) {
    let connected = channel.connected
    noteLinks(connected)
    for host in others.keys { compare(with: host) }
    if watch.differsFromNeighbor || watch.board.isSuspected { suspect(at: now) }
    let states = watch.states(at: now)
    let isTold = looks % 5 > 0 && connected == told
    channel.send(report(isTold ? [] : states).bytes)
    (looks, told) = (looks + 1, connected)
    let isLeftToOthers = isAnotherSpeaking(at: now)
    resolveSuspicion(at: now, isLeftToOthers)
    let view = view(states, at: now)
    if view.leaver != nil {
      if !isLeftToOthers { announce(at: now) }
      watch.endIfLeft(view, leavingItToOthers: isLeftToOthers)
    }
    watch.judge(view.longestWait, at: now, leavingItToOthers: isLeftToOthers) {
      announce(at: now)
      return view
    }
  }

  /// Tells the others that all ranks of this host are leaving, and looks who of all has not left.
  func lookAtEnd(at now: UInt64) {
    isAtEnd = true
    noteLinks(channel.connected)
    let states = watch.states(at: now)
    var report = report(states)
    report.hasLeft = true
    channel.send(report.bytes)
    let view = view(states, at: now)
    let mine = view.ranks.first { $0.rank == watch.ranks[watch.localRank] }
    let isLeftToOthers = isAnotherSpeaking(at: now)
    watch.judge(mine?.seconds ?? 0, at: now, leavingItToOthers: isLeftToOthers) {
      announce(at: now)
      return view
    }
  }

  /// Lets nobody take this host for silent while it names lines.
  func announce(at now: UInt64) {
    var report = report()
    report.isSpeaking = true
    channel.send(report.bytes)
    watch.keepRunning(at: now)
  }

  /// All ranks that are seen from here; those of this host do what `states` says.
  private func view(_ states: [RankState], at now: UInt64) -> JobView {
    let mine = channel.places[channel.host].name
    var ranks = states.map { JobView.Seen(state: $0, host: mine) }
    for (host, other) in others.sorted(by: { $0.key < $1.key }) {
      let name = channel.places[host].name
      let silence = seconds(now, since: other.heard)
      ranks += other.states.map { JobView.Seen(state: $0, host: name, silence: silence) }
    }
    return JobView(size: watch.ranks.count, ranks: ranks, patience: patience)
  }
}
