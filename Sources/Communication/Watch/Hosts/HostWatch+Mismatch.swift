import Diagnostics
import Support

/// Finding out what ranks on several hosts disagree about, and saying so.
extension HostWatch {
  /// Compares how far the first ranks of this host and another one have come.
  func compare(with host: Int) {
    guard others[host]?.differs == nil,
      let number = others[host]?.marks.difference(from: watch.board)
    else { return }
    others[host]?.differs = number
    suspect(at: monotonicNanoseconds())
  }

  func suspect(at now: UInt64) {
    guard suspectedSince == nil else { return }
    suspectedSince = now
    asksAt = now + 100_000_000
    watch.board.noteSuspicion()
  }

  /// Ends the job with status 76 when all that answer have said what their ranks have passed.
  func resolveSuspicion(at now: UInt64, _ isLeftToOthers: Bool) {
    guard let since = suspectedSince, now >= asksAt else { return }
    if isLeftToOthers, seconds(now, since: since) < Self.grace { return }
    let answering = channel.connected.filter { host in
      others[host].map { seconds(now, since: $0.heard) < patience } ?? false
    }
    let missing = answering.filter { others[$0]?.kept == nil }
    if !missing.isEmpty, now - asksAt < 2_000_000_000 {
      var question = report()
      question.asks = true
      for host in missing { channel.send(question.bytes, to: host) }
      return
    }
    let histories = histories()
    if let found = Mismatch(histories), found.count >= mismatch?.count ?? 0 { mismatch = found }
    // Ranks that are about to come to it are to be named too.
    if let mismatch, mismatch.count == histories.count || seconds(now, since: since) > 2 {
      announce(at: now)
      watch.member.end(mismatch.sentence(), .ranksDisagree)
    }
    if mismatch == nil, seconds(now, since: since) > 2 { endForOldMismatch() }
    for host in others.keys { others[host]?.kept = nil }
    asksAt = now
  }

  /// Ends the job where it is only known that hosts differ.
  private func endForOldMismatch() {
    let different = others.filter { $0.value.differs != nil }
    guard let number = different.values.compactMap(\.differs).min() else { return }
    let ranks = different.flatMap { host, other in
      other.states.map {
        PlacedRank(rank: Int($0.rank), host: channel.places[host].name)
      }
    }
    watch.member.end(
      """
      the ranks disagree about one of their first \(number) collectives, too long ago to say which: \
      \(rankList(ranks)) did another thing than \(rankList(watch.histories().map(\.rank)))
      """, .ranksDisagree)
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
            phase: state.phaseOfCall, lanes: lanes[state.rank] ?? [[], []]))
      }
    }
    return histories
  }
}
