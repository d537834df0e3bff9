import Diagnostics
import Synchronization

/// What the ranks of this host are doing, in words.
extension Watch {
  /// The ranks of this host and what they are doing, those that do the same together.
  ///
  /// Those that wait come last: they are the consequence.
  func activities() -> [Activity] {
    let now = monotonicNanoseconds()
    var activities = zip(board.records, board.rings).map { Activity($0, $1, now) }
    let named = activities.indices.filter { activities[$0].site != nil }
    let lines = CallSite.lines(of: named.compactMap { activities[$0].site })
    for (index, line) in zip(named, lines) { activities[index].line = line }
    return activities
  }

  /// A sentence for each group of ranks that do the same: "rank 3 is in data loading for 41 s,
  /// Train.swift:52".
  func sentences(_ activities: [Activity]) -> [String] {
    struct Key: Hashable {
      let kind: Activity.Kind
      let line: String?
      let process: String
    }
    var groups: [(key: Key, members: [Activity])] = []
    for activity in activities {
      let key = Key(kind: activity.kind, line: activity.line, process: activity.process)
      if let index = groups.firstIndex(where: { $0.key == key }) {
        groups[index].members.append(activity)
      } else {
        groups.append((key, [activity]))
      }
    }
    let culprits = groups.filter { !$0.members[0].isWaiting }
    let waiting = groups.filter { $0.members[0].isWaiting }
    var sentences = (culprits + waiting).map { Activity.sentence($0.members) }
    let elsewhere = member.size - activities.count
    if elsewhere > 0 {
      sentences.append("\(elsewhere) rank(s) on other hosts are not seen from here")
    }
    return sentences
  }

  /// How the ranks of this host differ in the collective that this rank entered last, naming both
  /// sides; nil where they do not.
  func mismatch() -> String? {
    let number = mine.pointee.entered.load(ordering: .acquiring)
    var sides: [(call: CollectiveCall, ranks: [Int], site: CallSite)] = []
    for (record, ring) in zip(board.records, board.rings) {
      guard let call = ring.call(number) else { continue }
      if let index = sides.firstIndex(where: { $0.call == call }) {
        sides[index].ranks.append(record.pointee.rank)
      } else {
        let site = ring.site(number).moved(by: CallSite.origin &- record.pointee.origin)
        sides.append((call, [record.pointee.rank], site))
      }
    }
    guard sides.count > 1 else { return nil }
    let texts = zip(sides, CallSite.lines(of: sides.map(\.site))).map { side, line in
      "\(rankList(side.ranks)) \(side.ranks.count == 1 ? "calls" : "call") \(side.call) at \(line)"
    }
    return "the ranks disagree about collective \(number): \(texts.joined(separator: ", "))"
  }
}
