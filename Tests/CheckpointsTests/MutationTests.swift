import Checkpoints
import Glibc
import TensorCore
import Testing

/// Damaged files end in an error or in sound tensors, never in a trap or a large allocation.
///
/// The cases are the same in every run. They run in a child process, whose end tells of a trap.
@Suite(.serialized) struct MutationTests {
  @Test(arguments: ["mlp", "types", "names"])
  func damageIsAnErrorAndNeverFatal(name: String) async throws {
    await #expect(processExitsWith: .success) { [name] in
      let seed = try readBytes(resource(name))
      let directory = try TemporaryDirectory()
      var random = Xorshift()
      var (sound, refused) = (0, 0)
      let memory = peakMemory()
      for _ in 0..<2000 {
        let path = try directory.file("mutant", mutant(of: seed, &random))
        if try isSound(path) { sound += 1 } else { refused += 1 }
      }
      // Flips in the data alone are sound; most others are not.
      #expect(sound > 25 && refused > 1000, "\(sound) sound, \(refused) refused")
      #expect(peakMemory() - memory < 32 << 20)
    }
  }

  /// Every prefix of a file is refused.
  @Test(arguments: ["mlp", "types", "names"])
  func everyTruncationIsRefused(name: String) throws {
    let seed = try readBytes(resource(name))
    let directory = try TemporaryDirectory()
    for count in seed.indices {
      let path = try directory.file("prefix", Array(seed.prefix(count)))
      #expect(throws: CheckpointError.self, "\(count) bytes") { try SafeTensors.read(path) }
    }
  }
}

/// Whether the file is read; then all its tensors must be either loaded or refused.
private func isSound(_ path: String) throws -> Bool {
  guard let file = try? SafeTensors.read(path) else { return false }
  for name in file.names {
    let entry = try #require(file.entry(name))
    if let tensor = try? file.tensor(name) {
      try #require(Array(tensor.shape) == entry.shape)
      try #require(bits(tensor).count == tensor.count)
    } else {
      try #require(entry.dtype.dtype == nil || entry.shape.count > Shape.maximumRank)
    }
  }
  return true
}

/// `seed` with one to four changes; in half of the cases with the header's length put right, so
/// that the damage is not found at once.
private func mutant(of seed: [UInt8], _ random: inout Xorshift) -> [UInt8] {
  var bytes = seed
  let header = 8..<8 + Int(UInt64(littleEndian: seed.withUnsafeBytes { $0.load(as: UInt64.self) }))
  let repairsLength = Bool.random(using: &random)
  for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
    let range = repairsLength ? 8..<min(header.upperBound, bytes.count) : 0..<bytes.count
    guard let position = range.randomElement(using: &random) else { break }
    let end = min(position + Int.random(in: 1...12, using: &random), range.upperBound)
    switch Int.random(in: 0..<7, using: &random) {
    case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[position] = Array("{}[]\":,\\u0129-. ".utf8).randomElement(using: &random) ?? 0
    case 2: bytes[position] = UInt8.random(in: 0...255, using: &random)
    case 3: bytes.insert(contentsOf: bytes[position..<end], at: position)
    case 4: bytes.removeSubrange(position..<end)
    case 5: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
    default: if repairsLength { bytes[position] ^= 1 } else { bytes.removeSubrange(position...) }
    }
  }
  guard repairsLength else { return bytes }
  let length = header.count + bytes.count - seed.count
  return withUnsafeBytes(of: UInt64(length).littleEndian, Array.init) + bytes.dropFirst(8)
}

/// The largest amount of memory that this process had at any time, in bytes.
private func peakMemory() -> Int {
  var usage = rusage()
  getrusage(RUSAGE_SELF.rawValue, &usage)
  return usage.ru_maxrss * 1024
}

/// Marsaglia's xorshift with 64 bits.
private struct Xorshift: RandomNumberGenerator {
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
