import Foundation
import TestSupport
import Testing

/// `run.json` holds what a run is, and nothing else is taken for it.
@Suite(.serialized) struct RunRecordTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private struct Record: Decodable {
    struct Options: Decodable {
      let globalBatch: Int
      let learningRate: Float
      let optimizer: String
      let schedule: String
      let warmup: Int
      let clipNorm: Float
      let seed: UInt64
      let steps: Int
      let epochs: Int?
      let microBatches: Int
      let threads: Int
      let precision: String
      let wire: String?
      let reproducible: Bool
      let data: String
    }
    struct Table: Decodable {
      let features: [String]
      let classes: [String]
      let means: [Double]
      let deviations: [Double]
      let target: String
      let ignored: [String]
    }
    let data: String
    let ranks: Int
    let program: [String: String]
    let options: Options
    let table: Table?
  }

  private func record(_ run: String) throws -> Record {
    try JSONDecoder().decode(Record.self, from: Data(try directory.read("\(run)/run.json")))
  }

  @Test func holdsEveryOptionAndTheTablesState() throws {
    let rows = (0..<20).map { "\($0),x,\($0 * 2),\($0 % 2 == 0 ? "b" : "a")" }
    try directory.write(
      Array((["n,,m,kind"] + rows).joined(separator: "\n").utf8), to: "table.csv")
    let line = [
      "train", "--data", "csv:table.csv", "--target", "kind", "--ignore", "", "--steps", "3",
      "--seed", "18446744073709551615", "--clip-norm", "2.5", "--run-dir",
    ]
    for run in ["one", "same"] {
      let job = try mpirun(
        ranks: 2, "lockstep", line + [run, "--quiet", "--threads", "1"], in: directory.path)
      try succeeded(job)
    }
    let record = try record("one")
    #expect(record.data == "csv:\(directory.path)/table.csv")
    #expect(record.options.data == "csv:table.csv")
    #expect(record.ranks == 2)
    #expect(record.program.keys.sorted() == ["build", "products", "version"])
    #expect(record.program["products"] == usualProducts)
    let options = record.options
    #expect(options.globalBatch == 64 && options.microBatches == 2 && options.threads == 1)
    #expect(options.learningRate == 0.001 && options.optimizer == "adamw" && options.warmup == 0)
    #expect(options.schedule == "cosine" && options.clipNorm == 2.5 && options.seed == .max)
    #expect(options.steps == 3 && options.epochs == nil && options.precision == "float32")
    #expect(options.wire == nil && !options.reproducible)
    let table = try #require(record.table)
    #expect(table.features == ["n", "m"] && table.classes == ["a", "b"])
    #expect(table.target == "kind" && table.ignored == [""])
    #expect(zip(table.means, table.means.dropFirst()).allSatisfy { abs($1 - 2 * $0) < 1e-12 })
    #expect(table.deviations.count == 2)
    let one = String(decoding: try directory.read("one/run.json"), as: UTF8.self)
    let same = String(decoding: try directory.read("same/run.json"), as: UTF8.self)
    #expect(one == same.replacing("\"runDir\":\"same\"", with: "\"runDir\":\"one\""))
    try succeeded(try lockstep("evaluate --run-dir one", in: directory))
  }

  /// A member of `run.json` and a value that no run writes there.
  struct Lie: Sendable, CustomTestStringConvertible {
    let place: [String]
    let value: String
    var testDescription: String { "\(place.joined(separator: ".")) = \(value.prefix(20))" }
  }

  static let lies =
    ["0", "-1", "2147483648", "4611686018427387904", "1000000", "1.5", "\"64\"", "null"]
    .map { Lie(place: ["text", "context"], value: $0) }
    + ["\"\"", "\"ba\"", "\"\(String(repeating: "a", count: 1_000_000))\"", "7"].map {
      Lie(place: ["text", "characters"], value: $0)
    } + [
      Lie(place: ["text", "file"], value: "\"none\""), Lie(place: ["text", "more"], value: "1"),
      Lie(place: ["options", "model"], value: "null"),
      Lie(place: ["options", "model"], value: "\"mlp\""),
      Lie(place: ["options", "colour"], value: "1"), Lie(place: ["options", "seed"], value: "-1"),
      Lie(place: ["ranks"], value: "0"), Lie(place: ["data"], value: "\"digits\""),
      Lie(place: ["format"], value: "3"), Lie(place: ["images"], value: "{}"),
    ]

  @Test func liesAreRefusedSoonAndInOneSentence() throws {
    try directory.write(Array(String(repeating: "to be or not ", count: 60).utf8), to: "be.txt")
    try succeeded(
      try lockstep(
        "train --model gpt --data text:be.txt --steps 1 --quiet --run-dir run", in: directory))
    let truth = try directory.read("run/run.json")
    for lie in Self.lies {
      var object = try #require(
        JSONSerialization.jsonObject(with: Data(truth)) as? [String: Any])
      let value = try JSONSerialization.jsonObject(
        with: Data(lie.value.utf8), options: .fragmentsAllowed)
      if lie.place.count == 1 {
        object[lie.place[0]] = value
      } else {
        var inner = try #require(object[lie.place[0]] as? [String: Any])
        inner[lie.place[1]] = value
        object[lie.place[0]] = inner
      }
      let bytes = try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
      try directory.write(Array(bytes), to: "run/run.json")
      for verb in ["generate --length 5", "evaluate"] {
        let opened = try lockstep("\(verb) --run-dir run", in: directory)
        expectFailure(opened, 65, "run/run.json: ")
      }
    }
    try directory.write(truth, to: "run/run.json")
    try succeeded(try lockstep("evaluate --run-dir run", in: directory))
  }

  @Test func contextsAndCharactersMustFitTheWeights() throws {
    try directory.write(Array(String(repeating: "to be or not ", count: 60).utf8), to: "be.txt")
    try succeeded(
      try lockstep(
        "train --model gpt --data text:be.txt --steps 1 --quiet --run-dir run", in: directory))
    let truth = String(decoding: try directory.read("run/run.json"), as: UTF8.self)
    let many = String(String.UnicodeScalarView((0x4000..<0xA000).compactMap { Unicode.Scalar($0) }))
    let lies = [
      ("\"context\":64", "\"context\":1000", "run/model.safetensors does not fit GPT"),
      ("\" benort\"", "\" benortz\"", "run/model.safetensors does not fit GPT"),
      ("\" benort\"", "\"\(many)\"", "run/model.safetensors holds fewer weights than gpt has"),
    ]
    for (old, new, cause) in lies {
      try #require(truth.contains(old))
      try directory.write(Array(truth.replacing(old, with: new).utf8), to: "run/run.json")
      expectFailure(try lockstep("generate --run-dir run --length 3", in: directory), 65, cause)
    }
  }

  @Test func whatIsNoFileIsNotMissing() throws {
    try directory.write([], to: "run/run.json/file")
    expectFailure(
      try lockstep("evaluate --run-dir run", in: directory), 66,
      "run/run.json: cannot be opened (it is not a regular file)")
    try directory.write(Array(repeating: 32, count: 40 << 20), to: "large/run.json")
    expectFailure(
      try lockstep("evaluate --run-dir large", in: directory), 65,
      "large/run.json: it has 41943040 bytes, at most 33554432 are allowed")
  }
}
