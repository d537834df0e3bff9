import Diagnostics
import Support
import Synchronization

/// Judging what the ranks do, and saying it.
extension Watch {
  /// Seconds without a sign after which a rank or a host counts as silent.
  var patience: Double { 0.5 + 5 * Double(limits.interval) * 1e-9 }

  /// What the ranks of this host are doing.
  func states() -> [RankState] {
    let now = monotonicNanoseconds()
    return board.records.indices.map { local in
      var state = RankState(local, on: board, at: now)
      // What changes all the time runs.
      if state.age > 500_000_000 { state.askForProcess(board.records[local].pointee.process) }
      return state
    }
  }

  /// What is seen without hearing of other hosts.
  func viewOfHost() -> JobView {
    JobView(
      size: ranks.count,
      ranks: states().map { JobView.Seen(state: $0, host: member.placeName) }, patience: patience)
  }

  /// All that the ranks of this host have kept of their collectives.
  func kept() -> [HostReport.Kept] {
    board.records.indices.flatMap { local in
      Lane.allCases.flatMap { lane in
        board.entries(lane, local).map { entry in
          HostReport.Kept(
            rank: Int32(truncatingIfNeeded: board.records[local].pointee.rank),
            lane: Int32(lane.rawValue), entry: entry)
        }
      }
    }
  }

  /// Ends the job with status 75 if a rank is leaving MPI without having come to what another waits
  /// for.
  func endIfLeft(_ view: JobView, leavingItToOthers: Bool) {
    guard let (gone, waiting) = view.leaver,
      !leavingItToOthers || waiting.seconds > HostWatch.grace
    else { return }
    let sentence = JobView(size: 1, ranks: [waiting], patience: patience).sentences()[0]
    member.end(
      """
      \(rankList([gone.placed])) has returned from withCommunicator and ended, but others wait for \
      it: \(sentence)
      """, .peerLost)
  }

  /// Warns once, and later ends the job, where ranks have waited for longer than the limits.
  ///
  /// - Parameters:
  ///   - waited: the seconds that a rank has waited.
  ///   - leavingItToOthers: whether to do nothing until those who are to do it are overdue.
  ///   - view: what is known.
  func judge(
    _ waited: Double, at now: UInt64, leavingItToOthers: Bool, _ view: () -> JobView
  ) {
    let limits = limits
    // Even where this thread comes so late that it ends the job as well: who comes first, warns.
    if limits.warning > 0, waited > limits.warning, !leavingItToOthers {
      board.warnOnce(since: now &- UInt64(waited * 1e9), now: now) {
        let lines = view().sentences().map { "\n  \($0)" }.joined()
        writeLine("warning: no progress for \(duration(waited)):\(lines)")
      }
    }
    // A warning that another rank is about to write comes first, if it comes within two seconds:
    // to name lines takes some tenths of one on a free core.
    let limit =
      limits.abort + (board.isSomeoneWarning ? 2 : 0) + (leavingItToOthers ? HostWatch.grace : 0)
    guard limits.abort > 0, waited > limit else { return }
    let view = view()
    let isDeadlock = view.isDeadlock
    // Where that depends on whether a watchdog is late only, it is given time to look.
    if !isDeadlock, view.mayBeDeadlock, waited < limit + 3 { return }
    member.end(
      """
      waited longer than the limit of \(duration(limits.abort)): \
      \(view.sentences().joined(separator: "; "))
      """, isDeadlock ? .ranksDisagree : .peerLost)
  }
}
