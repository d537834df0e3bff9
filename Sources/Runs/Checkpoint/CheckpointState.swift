package import Checkpoints
import DataLoading
import Diagnostics
import Steps
import Support
import TensorCore

/// What a checkpoint holds beside tensors: `state.json`.
package struct CheckpointState {
  static let fileName = "state.json"
  /// The layout of the file; it changes when older programs could not read it rightly.
  static let format = 1
  private static let longest = 64 << 20

  /// How many steps were taken.
  var step = 0
  /// How far the run has come through its data.
  var position = EpochPosition(epoch: 1, batch: 0)
  /// Whether the run has ended well.
  var isFinished = false
  /// How many ranks it had.
  var ranks = 1
  /// The bytes of lines of metrics.
  var metricsByteCount = 0
  /// The highest score, and the step that it is of.
  var best: BestScore?
  /// See `StepContext.gradientUnit`.
  var gradientUnit: Double?
  /// The default random numbers of each rank.
  var generators: [GeneratorState] = []
  /// The data that the position is in.
  var data: DataFacts?
  /// What the program keeps, by name: JSON as it is written.
  var values: [(name: String, json: String)] = []
}

/// The highest score so far, and where it was.
struct BestScore: Hashable, Sendable {
  var score: Double
  var step: Int
}

// MARK: - Writing

extension CheckpointState {
  package var text: String {
    let position = JSONObject([
      "epoch": .integer(position.epoch), "batch": .integer(position.batch),
    ])
    let generators = generators.map { state -> JSONObject.Value in
      .object(
        JSONObject([
          "seed": .text(String(state.seed)), "position": .text(String(state.position)),
        ]))
    }
    let best = best.map { best -> JSONObject.Value in
      .object(JSONObject(["score": .number(best.score), "step": .integer(best.step)]))
    }
    return JSONObject([
      "format": .integer(Self.format), "step": .integer(step), "position": .object(position),
      "isFinished": .flag(isFinished), "ranks": .integer(ranks),
      "metricsBytes": .integer(metricsByteCount), "best": best,
      "gradientUnit": gradientUnit.map { .number($0) }, "generators": .list(generators),
      "data": data.map { .object($0.json) },
      "values": .object(JSONObject(values.map { ($0.name, .written($0.json)) })),
    ]).description + "\n"
  }
}

// MARK: - Reading

extension CheckpointState {
  /// Reads the state in the checkpoint at `path`.
  init(in path: String) throws(UnsoundCheckpoint) {
    let bytes: [UInt8]
    do throws(FileError) {
      let file = try OpenFile("\(path)/\(Self.fileName)")
      bytes = file.count <= Self.longest ? try file.bytes(0..<file.count) : []
    } catch {
      throw UnsoundCheckpoint(error.description)
    }
    do throws(HeaderProblem) {
      try self.init(parsing: bytes)
    } catch {
      throw UnsoundCheckpoint("\(Self.fileName): \(error.problem)")
    }
  }

  package init(parsing bytes: [UInt8]) throws(HeaderProblem) {
    var reader = JSONReader(bytes)
    var seen: Set<String> = []
    var state = CheckpointState()
    try reader.readMembers(of: "the state") { (reader, key) throws(HeaderProblem) in
      seen.insert(key)
      switch key {
      case "format":
        let format = try reader.readInteger()
        guard format == Self.format else {
          throw HeaderProblem(
            "it has the layout \(format), and this version reads layout \(Self.format); use the "
              + "version that wrote it")
        }
      case "step": state.step = try reader.readInteger()
      case "position":
        let numbers = try reader.readNumbers(named: ["epoch", "batch"], of: key)
        state.position = EpochPosition(epoch: numbers[0], batch: numbers[1])
      case "isFinished":
        guard case .flag(let flag) = try reader.readScalar() else {
          throw HeaderProblem("isFinished is neither true nor false")
        }
        state.isFinished = flag
      case "ranks": state.ranks = try reader.readInteger()
      case "metricsBytes": state.metricsByteCount = try reader.readInteger()
      case "best": state.best = try reader.readBest()
      case "gradientUnit": state.gradientUnit = try reader.readDouble()
      case "generators":
        state.generators = try reader.readList(of: "generators") { (reader) throws(HeaderProblem) in
          let words = try reader.readWords(named: ["seed", "position"], of: "a generator")
          return GeneratorState(seed: words[0], position: words[1])
        }
      case "data": state.data = try DataFacts(reading: &reader)
      case "values":
        var values: [(name: String, json: String)] = []
        try reader.readMembers(of: key) { (reader, name) throws(HeaderProblem) in
          values.append((name, String(decoding: try reader.readText(), as: UTF8.self)))
        }
        state.values = values
      default: throw HeaderProblem("it has an unknown member \"\(printable(key))\"")
      }
    }
    try reader.readEnd()
    for key in ["format", "step", "position", "isFinished", "ranks", "metricsBytes", "values"]
    where !seen.contains(key) {
      throw HeaderProblem("it has no \(key)")
    }
    self = state
  }
}

extension JSONReader {
  /// An object with just these members, all of them integers.
  mutating func readNumbers(
    named names: [String], of owner: String
  ) throws(HeaderProblem) -> [Int] {
    try readAll(names, of: owner) { (reader) throws(HeaderProblem) in try reader.readInteger() }
  }

  /// An object with just these members, each a number of 64 bits as a text.
  mutating func readWords(
    named names: [String], of owner: String
  ) throws(HeaderProblem) -> [UInt64] {
    try readAll(names, of: owner) { (reader) throws(HeaderProblem) in
      guard let word = UInt64(try reader.readString("a number in quotes")) else {
        throw HeaderProblem("\(owner) has a text that is no number of 64 bits")
      }
      return word
    }
  }

  fileprivate mutating func readBest() throws(HeaderProblem) -> BestScore {
    let values = try readAll(["score", "step"], of: "best") { (reader) throws(HeaderProblem) in
      try reader.readDouble()
    }
    guard let step = Int(exactly: values[1]) else { throw HeaderProblem("best has no step") }
    return BestScore(score: values[0], step: step)
  }

  private mutating func readAll<Value>(
    _ names: [String], of owner: String,
    _ read: (inout JSONReader) throws(HeaderProblem) -> Value
  ) throws(HeaderProblem) -> [Value] {
    var values: [String: Value] = [:]
    try readMembers(of: owner) { (reader, key) throws(HeaderProblem) in
      guard names.contains(key) else { throw HeaderProblem("\(owner) has an unknown member") }
      values[key] = try read(&reader)
    }
    let found = names.compactMap { values[$0] }
    guard found.count == names.count else {
      throw HeaderProblem("\(owner) lacks one of \(names.joined(separator: ", "))")
    }
    return found
  }
}
