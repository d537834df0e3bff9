import Diagnostics
import Support

/// What the ranks are doing, in words.
extension JobView {
  /// A sentence for each group of ranks that do the same: "rank 3 is in data loading for 41 s,
  /// Train.swift:52".
  ///
  /// Those that run and wait come last: they are the consequence.
  package func sentences() -> [String] {
    let groups = zip(doings(), ranks).filter { !$0.0.isOver }.grouped { doing, _ in doing }
    let culprits = groups.filter { $0.key.isCulprit }
    let others = groups.filter { !$0.key.isCulprit }
    var sentences = (culprits + others).map { $0.key.sentence($0.members.map(\.1)) }
    let elsewhere = size - ranks.count
    if elsewhere > 0 {
      sentences.append("\(elsewhere) rank(s) on other hosts are not seen from here")
    }
    return sentences
  }

  private func doings() -> [Doing] {
    let named = ranks.filter { $0.state.stage == RankRecord.Stage.inBody.rawValue }
    let lines = CallSite.lines(of: named.map { $0.state.site.moved(by: CallSite.origin) })
    let line = Dictionary(zip(named.map(\.rank), lines)) { first, _ in first }
    return ranks.map { Doing($0, line: line[$0.rank], patience: patience) }
  }
}

/// What several ranks may do together.
private struct Doing: Hashable {
  enum Kind: Hashable {
    case waiting(String)
    case inPhase(String)
    case outside
    case leaving
    case left
  }

  let kind: Kind
  /// Where in the user's program; nil where there is nothing to name.
  let line: String?
  /// In which phase it waits; nil: it does not, or nothing is known.
  let phase: String?
  /// Such as "; its process is dead"; empty for a process that runs or sleeps.
  let process: String
  /// Whether it has left MPI, and its process has ended: nothing is to be said of it.
  let isOver: Bool
  /// The host that has not answered for long; nil: it has.
  let silentHost: String?

  init(_ rank: JobView.Seen, line: String?, patience: Double) {
    let state = rank.state
    silentHost = rank.silence > patience ? rank.host ?? "another host" : nil
    let isInBody = state.stage == RankRecord.Stage.inBody.rawValue
    self.line = isInBody ? line : nil
    phase = state.isWaiting ? state.phaseOfCall : nil
    if state.awaited >= 0 {
      kind = .waiting("a barrier in shared memory")
    } else if let lane = Lane.allCases.first(where: { state[$0].word != 0 }) {
      let call = CollectiveCall(word: state[lane].word)
      kind = .waiting("\(call) (collective \(state[lane].entered))")
    } else if state.partCall.word != 0 {
      let call = CollectiveCall(word: state.partCall.word)
      let part = PartName(word: state.partCall.part)
      kind = .waiting("\(call) (collective \(state.partCall.number) of \(part))")
    } else if state.isLeaving {
      kind = .leaving
    } else if state.hasLeft {
      kind = .left
    } else {
      kind = isInBody ? .inPhase(state.phase ?? "an unknown phase") : .outside
    }
    let isIdle = silentHost == nil && rank.idle > patience
    isOver = state.hasLeft && (state.isGone || silentHost != nil)
    process =
      switch state.process {
      case UInt8(ascii: "T"), UInt8(ascii: "t"):
        "; its process is stopped (SIGSTOP or a debugger)"
      case UInt8(ascii: "Z"), UInt8(ascii: "X"): "; its process is dead"
      case UInt8(ascii: "D"): "; its process waits for a disk or file server"
      case 1: "; its process is gone"
      case _ where isIdle: "; its process does not run"
      case _ where state.storage > 0 && !state.isWaiting: "; it waits for a disk or file server"
      default: ""
      }
  }

  /// Whether it is for such a rank that others wait.
  var isCulprit: Bool {
    switch kind {
    case .waiting, .leaving: !process.isEmpty || silentHost != nil
    case .inPhase, .outside, .left: true
    }
  }

  /// "ranks 0-2 wait in barrier (collective 12) for 30 s, A.swift:7".
  func sentence(_ together: [JobView.Seen]) -> String {
    let one = together.count == 1
    let verb: String
    switch (kind, silentHost) {
    case (.waiting(let place), nil): verb = "\(one ? "waits" : "wait") in \(place)"
    case (.waiting(let place), _): verb = "waited in \(place)"
    case (.inPhase(let name), nil): verb = "\(one ? "is" : "are") in \(name)"
    case (.inPhase(let name), _): verb = "\(one ? "was" : "were") in \(name)"
    case (.outside, nil): verb = "\(one ? "has" : "have") been outside of withCommunicator"
    case (.outside, _): verb = "\(one ? "was" : "were") outside of withCommunicator"
    case (.leaving, nil): verb = "\(one ? "has" : "have") been leaving MPI"
    case (.leaving, _): verb = "\(one ? "was" : "were") leaving MPI"
    case (.left, _): verb = "\(one ? "has" : "have") left MPI and not ended"
    }
    let seconds = together.map(\.seconds).max() ?? 0
    let place = (line.map { ", \($0)" } ?? "") + (phase.map { ", in \($0)" } ?? "")
    let who = rankList(together.map(\.placed))
    guard let silentHost else {
      return "\(who) \(verb) for \(duration(seconds))\(place)\(process)"
    }
    let silence = together.map(\.silence).max() ?? 0
    return
      """
      \(who) \(verb)\(place)\(process), when \(silentHost) was last heard of, \(duration(silence)) \
      ago (stopped or cut off)
      """
  }
}
