import Checkpoints
import DataLoading
import Steps
import Support

/// What decides which samples a batch has, and a digest of the samples: what a position in the data means
/// nothing without.
struct DataFacts: Hashable, Sendable {
  /// How many samples are shuffled; 0: they keep their order, and others may follow them.
  var sampleCount: Int
  var batchSize: Int
  /// Nil: the samples are not shuffled.
  var seed: UInt64?
  var digest: UInt64

  /// Those of the data that `loader` goes through.
  init(_ loader: DataLoader) {
    let isShuffled = loader.seed != nil
    sampleCount = isShuffled ? loader.plan.datasetCount : 0
    batchSize = loader.plan.batchSize
    seed = loader.seed
    digest = isShuffled ? loader.dataset.digest() : loader.dataset.digest(ofFirst: 256)
  }

  /// In what `other` differs, as a sentence has it; nil: in nothing.
  func difference(from other: DataFacts) -> String? {
    let pairs: [(String, String, String)] = [
      ("samples", "\(sampleCount)", "\(other.sampleCount)"),
      ("batch size", "\(batchSize)", "\(other.batchSize)"),
      ("shuffling seed", seed.map { "\($0)" } ?? "none", other.seed.map { "\($0)" } ?? "none"),
      ("digest of the samples", hexadecimal(digest), hexadecimal(other.digest)),
    ]
    return pairs.first { $0.1 != $0.2 }.map { "\($0) \($1) instead of \($2)" }
  }

  var json: JSONObject {
    JSONObject([
      "samples": .text(String(sampleCount)), "batchSize": .text(String(batchSize)),
      "seed": seed.map { .text(String($0)) }, "digest": .text(String(digest)),
    ])
  }

  init(reading reader: inout JSONReader) throws(HeaderProblem) {
    var words: [String: UInt64] = [:]
    try reader.readMembers(of: "data") { (reader, key) throws(HeaderProblem) in
      words[key] = UInt64(try reader.readString("a number in quotes"))
    }
    guard let samples = words["samples"].flatMap({ Int(exactly: $0) }),
      let batchSize = words["batchSize"].flatMap({ Int(exactly: $0) }),
      let digest = words["digest"]
    else { throw HeaderProblem("data lacks samples, batchSize or digest") }
    (sampleCount, self.batchSize, seed, self.digest) = (samples, batchSize, words["seed"], digest)
  }
}
