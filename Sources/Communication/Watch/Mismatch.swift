import Diagnostics
import Support

/// The last collectives of one rank, as kept by it.
struct RankHistory {
  var rank: PlacedRank
  /// In which phase it is; nil: unknown.
  var phase: String?
  /// By the raw value of the `Lane`, in any order; sites are relative to `CallSite.origin`.
  var lanes: [[CollectiveEntry]]
}

/// Ranks that have passed different things to a collective.
struct Mismatch {
  struct Side {
    var ranks: [PlacedRank]
    /// What they passed to it, and where; nil: it is too long ago.
    var entry: CollectiveEntry?
    var phase: String?
  }

  let lane: Lane
  /// The first collective that the ranks are known to disagree about.
  let number: UInt64
  let sides: [Side]

  /// The number of ranks on its sides.
  var count: Int { sides.reduce(0) { $0 + $1.ranks.count } }

  /// How the ranks with these histories differ; nil where they do not.
  ///
  /// A rank that has not come to the collective, or has come far beyond it, is on no side.
  init?(_ histories: [RankHistory]) {
    for lane in Lane.allCases {
      if let first = Self.firstDifference(histories, lane) {
        self = first
        return
      }
    }
    for lane in Lane.allCases {
      if let chains = Self.differentChains(histories, lane) {
        self = chains
        return
      }
    }
    return nil
  }

  private init(_ lane: Lane, _ number: UInt64, _ sides: [Side]) {
    (self.lane, self.number, self.sides) = (lane, number, sides)
  }

  private static func firstDifference(_ histories: [RankHistory], _ lane: Lane) -> Mismatch? {
    var words: [UInt64: UInt64] = [:]
    var number = UInt64.max
    for entry in histories.lazy.flatMap({ $0.lanes[lane.rawValue] }) {
      let word = words[entry.number, default: entry.word]
      if word != entry.word { number = Swift.min(number, entry.number) }
      words[entry.number] = word
    }
    guard number < .max else { return nil }
    return Mismatch(lane, number, sides(histories, lane, number) { $0.word })
  }

  /// The chains of ranks tell, at the last collective that all of them have kept, whether they have
  /// differed before.
  private static func differentChains(_ histories: [RankHistory], _ lane: Lane) -> Mismatch? {
    let last = histories.map { $0.lanes[lane.rawValue].lazy.map(\.number).max() ?? 0 }
    guard let number = last.min(), number > 0 else { return nil }
    let sides = sides(histories, lane, number) { $0.chain }
    guard sides.count > 1 else { return nil }
    return Mismatch(
      lane, number, sides.map { Side(ranks: $0.ranks, entry: nil, phase: $0.phase) })
  }

  private static func sides(
    _ histories: [RankHistory], _ lane: Lane, _ number: UInt64,
    _ key: (CollectiveEntry) -> UInt64
  ) -> [Side] {
    let callers = histories.compactMap { history in
      history.lanes[lane.rawValue].first { $0.number == number }.map { (history, entry: $0) }
    }
    return callers.grouped { key($0.entry) }.map { _, members in
      let (first, entry) = members[0]
      let isThere = !first.lanes[lane.rawValue].contains { $0.number > number }
      return Side(
        ranks: members.map(\.0.rank), entry: entry, phase: isThere ? first.phase : nil)
    }
  }

  /// Both sides, each with its line: "the ranks disagree about collective 12: ranks 0-1 call barrier
  /// at Train.swift:52, rank 2 calls all-reduce of 10 float32 (sum) at Train.swift:57".
  ///
  /// - Parameter part: which of the ranks the collectives are of; nil: of all.
  func sentence(of part: PartName? = nil) -> String {
    let owner = part.map { " of \($0)" } ?? ""
    let sites = sides.compactMap { $0.entry?.site.moved(by: CallSite.origin) }
    guard sites.count == sides.count else {
      let texts = sides.map { rankList($0.ranks) }
      return
        """
        the ranks disagree about one of their collectives before number \(number)\(owner), which is too \
        long ago to be named: \(texts.joined(separator: " did another thing than "))
        """
    }
    let texts = zip(sides, CallSite.lines(of: sites)).map { side, line in
      let call = side.entry.map { "\($0.call)" } ?? "collective"
      let phase = side.phase.map { " in \($0)" } ?? ""
      let calls = side.ranks.count == 1 ? "calls" : "call"
      return "\(rankList(side.ranks)) \(calls) \(call) at \(line)\(phase)"
    }
    return "the ranks disagree about \(lane.name(number))\(owner): \(texts.joined(separator: ", "))"
  }
}
