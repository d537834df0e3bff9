import DataLoading

/// Inputs that are nearly right: changed a little, at places that follow from the number of the input.
struct Mutation {
  /// Right inputs.
  let seeds: [[UInt8]]
  /// Pieces of the format, and values that are hard to bear.
  let pieces: [[UInt8]]

  init(_ seeds: [[UInt8]], pieces: [String]) {
    self.seeds = seeds
    self.pieces = (pieces + Self.hard).map { Array($0.utf8) }
  }

  private static let hard = [
    "0", "-1", "1", "255", "65536", "2147483648", "4294967296", "281474976710656",
    "281474976710657", "4611686018427387904", "9223372036854775807", "9223372036854775808",
    "18446744073709551616", "1e400", "-1e-400", "1e38", "NaN", "\u{0}", "\u{1B}[2J", "\u{FEFF}",
    "\u{202E}", "e\u{301}", "\u{E9}", "\u{1F600}", "\"", "\\", "\\ud800", "\\u0000", "\r", "\n",
    ",", "[", "{", "]", "}", ":",
  ]

  /// The most bytes of an input.
  static let longest = 1 << 20

  func input(_ number: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix64(seed: seed, epoch: 0, sample: number)
    guard var bytes = seeds.randomElement(using: &random) else { return [] }
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      change(&bytes, &random)
      // A single change, in half of the cases: what comes after it is read too.
      if Bool.random(using: &random) { break }
    }
    // A few are long: what is read in quadratic time, or copied often, is found by them.
    if Int.random(in: 0..<2000, using: &random) == 0 { lengthen(&bytes, &random) }
    return Array(bytes.prefix(Self.longest))
  }

  private func change(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    let position = Int.random(in: 0...bytes.count, using: &random)
    let end = min(position + Int.random(in: 1...16, using: &random), bytes.count)
    let range = position..<max(position, end)
    switch Int.random(in: 0..<10, using: &random) {
    case 0 where position < bytes.count:
      bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1 where position < bytes.count:
      bytes[position] = [0, 1, 0x7F, 0x80, 0xFF, 0x20].randomElement(using: &random) ?? 0
    case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
    case 3: bytes.removeSubrange(range)
    case 4: bytes.insert(contentsOf: bytes[range], at: position)
    case 5: bytes.insert(contentsOf: piece(&random), at: position)
    case 6: bytes.replaceSubrange(range, with: piece(&random))
    case 7: replaceWord(at: position, in: &bytes, &random)
    case 8 where Bool.random(using: &random): bytes.removeSubrange(position...)
    case 9:
      guard let other = seeds.randomElement(using: &random), !other.isEmpty else { return }
      let start = Int.random(in: 0..<other.count, using: &random)
      bytes.replaceSubrange(position..., with: other[start...])
    default: break
    }
  }

  private func piece(_ random: inout SplitMix64) -> [UInt8] {
    pieces.randomElement(using: &random) ?? []
  }

  /// Puts a piece in the place of the number or word that begins at or after `position`.
  private func replaceWord(
    at position: Int, in bytes: inout [UInt8], _ random: inout SplitMix64
  ) {
    func isOfWord(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard let start = bytes[position...].firstIndex(where: isOfWord) else { return }
    let end = bytes[start...].firstIndex { !isOfWord($0) } ?? bytes.count
    bytes.replaceSubrange(start..<end, with: piece(&random))
  }

  /// Repeats a part.
  private func lengthen(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    guard !bytes.isEmpty else { return }
    let position = Int.random(in: 0..<bytes.count, using: &random)
    let length = Int.random(in: 1...min(64, bytes.count - position), using: &random)
    let part = bytes[position..<position + length]
    let times = Int.random(in: 1...(Self.longest / length), using: &random)
    var repeated: [UInt8] = []
    repeated.reserveCapacity(times * length)
    for _ in 0..<times { repeated += part }
    bytes.insert(contentsOf: repeated, at: position)
  }
}
