/// How reports call a part of the ranks, in one word: by its first rank, its last, and the step from
/// one to the next where that is the same for all.
struct PartName: Hashable, BitwiseCopyable {
  /// From the lowest bit: 20 of the first rank, 20 of the step, which is 0 where steps differ, and 24
  /// of the number of ranks.
  let word: UInt64

  /// The name that a word stands for.
  init(word: UInt64) { self.word = word }

  /// The part with these ranks of the job, in any order.
  init(_ ranks: [Int]) {
    let ranks = ranks.sorted()
    let steps = Set(zip(ranks, ranks.dropFirst()).map { $1 - $0 })
    let step = steps.count > 1 ? 0 : steps.first ?? 1
    word =
      UInt64(ranks.first ?? 0) & 0xf_ffff | (UInt64(step) & 0xf_ffff) << 20
      | UInt64(ranks.count) << 40
  }
}

extension PartName: CustomStringConvertible {
  /// "ranks 0-3", "ranks 0, 2, 4"; where they do not fit a line, "5 ranks, of which 2 is the first".
  var description: String {
    let (first, step, count) = (
      Int(word & 0xf_ffff), Int(word >> 20 & 0xf_ffff), Int(word >> 40)
    )
    guard step == 1 || (step > 1 && count <= 6) else {
      return "\(count) ranks, of which \(first) is the first"
    }
    return rankList((0..<count).map { first + $0 * step })
  }
}
