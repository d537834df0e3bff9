import Diagnostics
import Synchronization

/// What the first rank of a host knows of the other hosts, and what it tells them.
///
/// Every tenth of a second it says how far it has come, twice a second what all ranks of its host
/// do. Of the hosts that hear each other the first one speaks, for all; a later one does where that
/// one is silent. Belongs to the watchdog's thread.
final class HostWatch {
  private let watch: Watch
  private let channel: HostChannel
  private var others: [Int: Other] = [:]
  private var looks = 0
  /// Since when it has been thought that ranks disagree about a collective.
  private var suspectedSince: UInt64?
  /// Until when nothing is asked for: ranks that are about to come to it are to be named too.
  private var asksAt: UInt64 = 0

  /// Seconds that a rank leaves it to others to end the job.
  static let grace = 10.0

  /// What is known of another host.
  private struct Other {
    /// When anything came from it last.
    var heard: UInt64
    /// What its ranks did, as told twice a second.
    var states: [RankState] = []
    var marks = HostReport()
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

  /// Tells the others that the ranks of this host have left, and hears no more.
  func close() {
    channel.send(report(withStates: true).bytes)
    channel.close()
  }

  /// Whether another host speaks for this one.
  private func isAnotherSpeaking(at now: UInt64) -> Bool {
    channel.connected.contains { host in
      host < min(channel.host, HostChannel.observers)
        && others[host].map { seconds(now, since: $0.heard) < patience } ?? false
    }
  }

  /// Seconds without a sign after which a host counts as silent.
  private var patience: Double { watch.patience }

  private func seconds(_ now: UInt64, since then: UInt64) -> Double {
    Double(now &- Swift.min(then, now)) * 1e-9
  }
}

/// Telling and hearing.
extension HostWatch {
  private func report(withStates: Bool) -> HostReport {
    var report = HostReport()
    report.mark(watch.board)
    report.suspects = suspectedSince != nil
    if withStates { report.states = watch.states() }
    return report
  }

  private func receive(_ bytes: [UInt8], from host: Int) {
    guard let report = HostReport(bytes) else { return }
    let now = monotonicNanoseconds()
    var other = others[host] ?? Other(heard: now)
    other.heard = now
    if !report.states.isEmpty { other.states = report.states }
    other.marks.marks = report.marks
    if report.isWhole, suspectedSince != nil { other.kept = report.kept }
    others[host] = other
    if report.suspects || report.differs(from: watch.board) { suspect(at: now) }
    if report.asks {
      var answer = self.report(withStates: true)
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
    watch.board.noteLinks(channel.connected.count)
    looks += 1
    let isDifferent = others.values.contains { $0.marks.differs(from: watch.board) }
    if isDifferent || watch.differsFromNeighbour || watch.board.isSuspected { suspect(at: now) }
    channel.send(report(withStates: looks % 5 == 1).bytes)
    let isLeftToOthers = isAnotherSpeaking(at: now)
    resolveSuspicion(at: now, isLeftToOthers)
    let view = view(at: now)
    watch.endIfLeft(view, leavingItToOthers: isLeftToOthers)
    watch.judge(view.longestWait, at: now, leavingItToOthers: isLeftToOthers) { view }
  }

  /// All ranks that are seen from here.
  private func view(at now: UInt64) -> JobView {
    let mine = channel.places[channel.host].name
    var ranks = watch.states().map { JobView.Seen(state: $0, host: mine) }
    for (host, other) in others.sorted(by: { $0.key < $1.key }) {
      let name = channel.places[host].name
      let silence = seconds(now, since: other.heard)
      ranks += other.states.map { JobView.Seen(state: $0, host: name, silence: silence) }
    }
    return JobView(size: watch.member.size, ranks: ranks, patience: patience)
  }
}

/// Collectives that ranks disagree about.
extension HostWatch {
  private func suspect(at now: UInt64) {
    guard suspectedSince == nil else { return }
    suspectedSince = now
    asksAt = now + 100_000_000
    watch.board.noteSuspicion()
  }

  /// Ends the job with status 76 when all that answer have said what their ranks have passed.
  private func resolveSuspicion(at now: UInt64, _ isLeftToOthers: Bool) {
    guard let since = suspectedSince, now >= asksAt else { return }
    if isLeftToOthers, seconds(now, since: since) < Self.grace { return }
    let answering = channel.connected.filter { host in
      others[host].map { seconds(now, since: $0.heard) < patience } ?? false
    }
    let missing = answering.filter { others[$0]?.kept == nil }
    if !missing.isEmpty, now - asksAt < 2_000_000_000 {
      var question = report(withStates: false)
      question.asks = true
      for host in missing { channel.send(question.bytes, to: host) }
      return
    }
    if let mismatch = Mismatch(histories()) {
      watch.member.end(mismatch.sentence, .ranksDisagree)
    }
    // What is known for sure is that the chains differ.
    if seconds(now, since: since) > 5 {
      watch.member.end(
        "the ranks disagree about one of their collectives, which is too long ago to be named",
        .ranksDisagree)
    }
    for host in others.keys { others[host]?.kept = nil }
    asksAt = now
  }

  private func histories() -> [RankHistory] {
    var histories = watch.histories()
    for (host, other) in others.sorted(by: { $0.key < $1.key }) {
      var lanes: [Int32: [[CollectiveEntry]]] = [:]
      for kept in other.kept ?? [] {
        lanes[kept.rank, default: [[], []]][Int(kept.lane)].append(kept.entry)
      }
      for state in other.states {
        histories.append(
          RankHistory(
            rank: PlacedRank(rank: Int(state.rank), host: channel.places[host].name),
            phase: state.phase, lanes: lanes[state.rank] ?? [[], []]))
      }
    }
    return histories
  }
}
