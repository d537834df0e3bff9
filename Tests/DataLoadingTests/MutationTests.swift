import DataLoading
import Glibc
import TensorCore
import TestSupport
import Testing

/// Damaged files end in an error or in sound samples, never in a trap or a large allocation.
///
/// The cases are the same in every run. They run in a child process, whose end tells of a trap.
@Suite(.serialized) struct MutationTests {
  @Test func damagedTablesAreNeverFatal() async {
    await #expect(processExitsWith: .success) {
      let seed =
        "a,\"b \"\"c\"\"\",y\r\n1,2.5,x\r\n-3e2,NA,\"y, z\"\r\n\r\n4,,x\n5,6,\u{E9}\n7,8,x\n9,1,x"
      try survive(Array(seed.utf8), trials: 4000, sound: 100, refused: 1000) { path in
        let classes = try? TabularData(csv: path, classifying: "y")
        let numbers = try? TabularData(csv: path, predicting: "a", ignoring: ["y"])
        if let classes {
          try readAll(classes.train)
          try readAll(classes.test)
          let inputs = classes.train.batch(0..<classes.train.count).0.floats
          try #require(!inputs.contains { !$0.isFinite })
        }
        if let numbers { try readAll(numbers.train) }
        return classes != nil || numbers != nil
      }
    }
  }

  @Test func damagedTextsAreNeverFatal() async {
    await #expect(processExitsWith: .success) {
      let seed = "To be, or not to be:\r\nthat is the question \u{2014} na\u{EF}ve \u{1F600}."
      try survive(Array(seed.utf8), trials: 1000, sound: 100, refused: 300) { path in
        guard let text = try? CharacterText(path) else { return false }
        if let windows = try? text.train.randomWindows(of: 3, count: 20, seed: 1) {
          try readAll(windows)
        }
        if let windows = try? text.validation.consecutiveWindows(of: 2) { try readAll(windows) }
        return true
      }
    }
  }

  @Test func damagedTokenFilesAreNeverFatal() async {
    await #expect(processExitsWith: .success) {
      let seed = (0..<60).map { UInt8($0 % 2 == 0 ? $0 : 0) }
      try survive(seed, trials: 1000, sound: 50, refused: 300) { path in
        guard let tokens = try? TokenSequence(tokenFile: path, vocabularySize: 256) else {
          return false
        }
        if let windows = try? tokens.randomWindows(of: 7, count: 20, seed: 1) {
          try readAll(windows)
        }
        if let windows = try? tokens.consecutiveWindows(of: 3) { try readAll(windows) }
        return true
      }
    }
  }

  @Test func damagedImagesAreNeverFatal() async {
    await #expect(processExitsWith: .success) {
      try survive(CIFAR10Tests.records([3, 9]), trials: 300, sound: 50, refused: 50) { path in
        let directory = path.split(separator: "/").dropLast().joined(separator: "/")
        guard let data = try? CIFAR10(.test, in: "/" + directory) else { return false }
        try readAll(data)
        return true
      }
      let idxFile = idx(magic: 0x802, sizes: [3, 4], values: (0..<12).map { $0 })
      for bytes in [idxFile, gzip(idxFile)] {
        try survive(bytes, trials: 2000, sound: 20, refused: 1000) { path in
          let file = try FileStream(path: path, advice: "")
          let stream: any ByteStream = bytes == idxFile ? file : try GzipStream(file)
          guard let array = try? IDX(stream, dimensions: 2) else { return false }
          try #require(array.values.count == array.shape.reduce(1, *))
          return true
        }
      }
    }
  }
}

/// Reads every sample of a data set through batches.
private func readAll(_ data: some Dataset) throws {
  let (inputs, targets) = data.batch(0..<data.count)
  try #require(inputs.count == data.count * data.inputShape.elementCount)
  try #require(targets.count == data.count * data.targetShape.elementCount)
}

/// Calls `isSound` with the path of one damaged copy of `seed` after the other, and requires that
/// so many are found sound or refused, and that none takes much memory.
private func survive(
  _ seed: [UInt8], trials: Int, sound leastSound: Int, refused leastRefused: Int,
  _ isSound: (String) throws -> Bool
) throws {
  let directory = try TemporaryDirectory()
  var random = SplitMix64(state: 1)
  var (sound, refused) = (0, 0)
  let memory = peakMemory()
  for _ in 0..<trials {
    let path = try directory.write(mutant(of: seed, &random), to: "test_batch.bin")
    if try isSound(path) { sound += 1 } else { refused += 1 }
  }
  try #require(sound >= leastSound && refused >= leastRefused, "\(sound) sound, \(refused) refused")
  try #require(peakMemory() - memory < 32 << 20)
}

/// `seed` with one to four changes.
private func mutant(of seed: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
  var bytes = seed
  for _ in 0..<Int.random(in: 1...4, using: &random) {
    guard let position = bytes.indices.randomElement(using: &random) else { break }
    let end = min(position + Int.random(in: 1...12, using: &random), bytes.count)
    switch Int.random(in: 0..<7, using: &random) {
    case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[position] = Array("\",\r\n0-.eNA ".utf8).randomElement(using: &random) ?? 0
    case 2: bytes[position] = UInt8.random(in: 0...255, using: &random)
    case 3: bytes.insert(contentsOf: bytes[position..<end], at: position)
    case 4: bytes.removeSubrange(position..<end)
    case 5: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
    default:
      if Bool.random(using: &random) { bytes.removeSubrange(position...) }
    }
  }
  return bytes
}

/// The largest amount of memory that this process had at any time, in bytes.
private func peakMemory() -> Int {
  var usage = rusage()
  getrusage(RUSAGE_SELF.rawValue, &usage)
  return usage.ru_maxrss * 1024
}
