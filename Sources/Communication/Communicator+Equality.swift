import Diagnostics
import Support

extension Communicator {
  /// Ends the job with status 76 unless all ranks give the same `value`; collective.
  ///
  /// The sentence names both sides, ranks by their numbers in the job: "the ranks differ in --seed: ranks 0-2 have 1, rank 3 has 2".
  public func requireEqual(_ name: String, _ value: String) {
    requireEqual([(name: name, value: value)], of: "the ranks")
  }

  /// Ends the job with status 76 unless all ranks give the same facts in the same order; collective.
  ///
  /// One exchange serves all; the first fact that differs is named, with its values and ranks.
  ///
  /// - Parameter subject: what differs, the start of the sentence: "the configurations".
  public func requireEqual(_ facts: [(name: String, value: String)], of subject: String) {
    guard size > 1 else { return }
    // Separators that neither names nor values contain.
    let mine = facts.map { "\($0.name)\u{1f}\($0.value)" }.joined(separator: "\u{1e}")
    let all = gather(mine).map { $0.split(separator: "\u{1e}", omittingEmptySubsequences: false) }
    guard let longest = all.map(\.count).max() else { return }
    for position in 0..<longest {
      let sides = all.enumerated().grouped { _, texts in
        position < texts.count ? texts[position] : nil
      }
      guard sides.count > 1 else { continue }
      stopForDifference(sides.map { ($0.key, numbersInJob(of: $0.members.map(\.offset))) }, subject)
    }
  }

  private func stopForDifference(
    _ sides: [(text: Substring?, ranks: [Int])], _ subject: String
  ) -> Never {
    let parts = sides.map { $0.text?.split(separator: "\u{1f}", omittingEmptySubsequences: false) }
    let names = Set(parts.compactMap { $0?.first })
    let texts = zip(sides, parts).map { side, parts in
      let value = parts.map { $0.dropFirst().joined() } ?? "nothing"
      // Where the names differ, they are what differs.
      let text = names.count == 1 ? value : parts.map { "\($0[0]) \(value)" } ?? value
      return "\(rankList(side.ranks)) \(side.ranks.count == 1 ? "has" : "have") \(text.prefix(200))"
    }
    let place = names.count == 1 ? " in \(names.first ?? "")" : ""
    stop("\(subject) differ\(place): \(texts.joined(separator: ", "))", status: .ranksDisagree)
  }
}

/// A digest of the file of this program, by which ranks can tell that they run the same build;
/// "unknown" where the system does not show it.
public func programDigest() -> String {
  guard let program = try? MappedFile("/proc/self/exe"), program.count > 0 else { return "unknown" }
  return hexadecimal(program.withBytes { $0.digest })
}
