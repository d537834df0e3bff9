import Foundation
import TestSupport

/// The lines of a run's `metrics.jsonl`.
struct Metrics {
  struct Step: Decodable {
    let step: Int
    let epoch: Int
    let loss: Double
    let learningRate: Float
    let samplesPerSecond: Double
  }

  struct Evaluation: Decodable {
    let step: Int
    let epoch: Int
    let split: String
    let loss: Double
    let accuracy: Double?
    let r2: Double?
  }

  let steps: [Step]
  let evaluations: [Evaluation]

  /// Throws unless every line is an object with all that its kind needs.
  init(of run: String, in directory: TemporaryDirectory) throws {
    let lines = try directory.read("\(run)/metrics.jsonl").split(separator: UInt8(ascii: "\n"))
    let isEvaluation = try lines.map { try jsonKeys($0).contains("split") }
    let decoder = JSONDecoder()
    steps = try zip(lines, isEvaluation).filter { !$1 }
      .map { try decoder.decode(Step.self, from: Data($0.0)) }
    evaluations = try zip(lines, isEvaluation).filter { $1 }
      .map { try decoder.decode(Evaluation.self, from: Data($0.0)) }
  }
}

/// The keys of the JSON object whose text is `bytes`.
func jsonKeys(_ bytes: some Sequence<UInt8>) throws -> Set<String> {
  Set(try JSONDecoder().decode([String: AnyValue].self, from: Data(bytes)).keys)
}

/// A JSON value that nobody looks at.
private struct AnyValue: Decodable {}

/// The value whose JSON text is `text`.
func json<Value: Decodable>(_ text: some StringProtocol) throws -> Value {
  try JSONDecoder().decode(Value.self, from: Data(text.utf8))
}
