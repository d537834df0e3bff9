import Diagnostics
import Support
import Synchronization

/// Judging what the ranks do, and saying it.
extension Watch {
  /// Seconds without a sign after which a rank or a host counts as silent.
  var patience: Double { 0.5 + 5 * Double(limits.interval) * 1e-9 }

  /// What the ranks of this host are doing at the moment `now`.
  ///
  /// - Parameter asksForAll: whether the system is asked for the processes of those too that have done
  ///   something else a moment ago, which takes longer.
  func states(at now: UInt64, askingForAll asksForAll: Bool = false) -> [RankState] {
    board.records.indices.map { local in
      var state = RankState(local, on: board, at: now)
      // What changes all the time runs, and so does who has looked just now.
      if asksForAll || state.age > 500_000_000 || state.idle > 500_000_000 {
        state.askForProcess(board.records[local].pointee.process)
      }
      return state
    }
  }

  /// What is seen without hearing of other hosts.
  package func viewOfHost(at now: UInt64) -> JobView {
    JobView(
      size: ranks.count,
      ranks: states(at: now, askingForAll: true).map {
        JobView.Seen(state: $0, host: member.placeName)
      }, patience: patience)
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
  /// Where all wait for a rank that waits for a disk, that has a limit of its own, and the rank ends the
  /// job itself. Where nobody can help, the end comes when the warning would.
  ///
  /// - Parameters:
  ///   - waited: the seconds that a rank has waited.
  ///   - leavingItToOthers: whether to do nothing until those who are to do it are overdue.
  ///   - view: what is known.
  func judge(
    _ waited: Double, at now: UInt64, leavingItToOthers: Bool, _ view: () -> JobView
  ) {
    let limits = limits
    // All are on their way out, which takes a moment.
    if waited < Self.certainty, board.isEveryoneLeaving { return }
    if !leavingItToOthers { endIfDeadlocked(after: waited, at: now, view) }
    // Even where this thread comes so late that it ends the job as well: who comes first, warns.
    if limits.warning > 0, waited > limits.warning, !leavingItToOthers {
      board.warnOnce(since: now &- UInt64(waited * 1e9), now: now) {
        let view = view()
        keepRunning(at: now)
        let lines = view.sentences().map { "\n  \($0)" }.joined()
        writeLine("warning: no progress for \(duration(waited)):\(lines)")
      }
    }
    if board.isHeld(at: now) { return }
    // A warning that another rank is about to write comes first, if it comes within two seconds:
    // to name lines takes some tenths of one on a free core.
    let limit =
      limits.abort + (board.isSomeoneWarning ? 2 : 0) + (leavingItToOthers ? HostWatch.grace : 0)
    guard limits.abort > 0, waited > limit else { return }
    let view = view()
    if let storage = view.waitForStorage {
      let limit = limits.ofStorage.abort
      if limit == 0 || storage < limit + Self.storageGrace { return board.hold(at: now) }
    }
    // Where that depends on whether a watchdog is late only, it is given time to look.
    if !view.isDeadlock, view.mayBeDeadlock, waited < limit + 3 { return }
    end(view, "waited longer than the limit of \(duration(limits.abort))")
  }

  /// Ends the job where ranks have waited for `waited` seconds, each for another one, and no time helps;
  /// looks for that every few seconds.
  private func endIfDeadlocked(after waited: Double, at now: UInt64, _ view: () -> JobView) {
    let limits = limits
    guard limits.warning > 0, limits.abort > 0, waited > Swift.max(limits.warning, Self.certainty),
      now >= nextDeadlockLook
    else { return }
    nextDeadlockLook = now + UInt64(Self.certainty * 1e9)
    let view = view()
    guard view.isDeadlock else { return }
    keepRunning(at: now)
    end(view, "all ranks have waited for \(duration(waited)), each for another one")
  }

  /// Ends the job, for a reason that begins so.
  private func end(_ view: JobView, _ reason: String) -> Never {
    member.end(
      "\(reason): \(view.sentences().joined(separator: "; "))",
      view.isDeadlock ? .ranksDisagree : .peerLost)
  }

  /// Lets nobody take this rank for one that does not run while its watchdog names lines, which takes tenths
  /// of a second on a free core.
  func keepRunning(at now: UInt64) {
    mine.pointee.looked.store(now + 5_000_000_000, ordering: .releasing)
  }

  /// Seconds of a wait after which nobody can take a rank for waiting that only gets no core.
  private static let certainty = 5.0
  /// Seconds that a rank which waits for storage has for ending the job itself.
  private static let storageGrace = 5.0
}
