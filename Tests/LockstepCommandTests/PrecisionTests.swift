import TestSupport
import Testing

/// `--precision float16`.
@Suite(.serialized) struct PrecisionTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private struct Quality: Decodable {
    let loss: Double
    let accuracy: Double
  }

  private struct Scaled: Decodable {
    let lossScale: Double
    let skippedSteps: Int
  }

  /// The quality of Float32, to half a percent: two of 355 digits. BFloat16 needs no scale.
  @Test(arguments: [1, 2], ["float16", "bfloat16"])
  func digitsAreLearned(_ ranks: Int, _ narrow: String) throws {
    var accuracies: [Double] = []
    for precision in ["float32", narrow] {
      let training = try lockstep(
        "train --precision \(precision) --run-dir \(precision) --clip-norm 5", ranks: ranks,
        in: directory)
      try succeeded(training)
      let quality: Quality = try json(
        try succeeded(
          try lockstep("evaluate --run-dir \(precision) --json", ranks: ranks, in: directory)))
      let metrics = try Metrics(of: precision, in: directory)
      #expect(quality.accuracy == metrics.evaluations.last?.accuracy)
      #expect(quality.loss == metrics.evaluations.last?.loss)
      accuracies.append(quality.accuracy)
    }
    #expect(accuracies[0] >= 0.97)
    #expect(abs(accuracies[1] - accuracies[0]) <= 0.0057)

    for precision in ["float32", narrow] {
      let lines = try directory.read("\(precision)/metrics.jsonl").split(separator: 10)
      if precision == "float16" {
        let first: Scaled = try json(String(decoding: lines[0], as: UTF8.self))
        #expect(first.lossScale > 1 && first.skippedSteps <= 1)
      } else {
        #expect(try jsonKeys(lines[0]).isDisjoint(with: ["lossScale", "skippedSteps"]))
      }
    }

    let text = try succeeded(try lockstep("inspect \(narrow)/model.safetensors", in: directory))
    let type = narrow == "float16" ? "F16 " : "BF16"
    #expect(text.contains("hidden.0.weight  \(type)  [512, 64]"), "\(text)")
    #expect(!text.contains("F32"))
  }

  @Test func normsStayInFloat32() throws {
    try directory.write(Array(String(repeating: "abcd ", count: 200).utf8), to: "letters.txt")
    try succeeded(
      try lockstep(
        "train --model gpt --data text:letters.txt --precision float16 --steps 1 --run-dir run",
        in: directory))
    let listed = try succeeded(try lockstep("inspect run/model.safetensors", in: directory))
    for line in listed.split(separator: "\n") where line.contains("weight") {
      #expect(line.contains(line.contains("norm") ? " F32 " : " F16 "), "\(line)")
    }
  }

  @Test func aBenchSaysItsPrecision() throws {
    struct Step: Decodable {
      let precision: String
      let loss: Double
    }
    let step: Step = try json(
      try succeeded(
        try lockstep(
          "bench step --workload mlp --precision float16 --steps 2 --json", in: directory)))
    #expect(step.precision == "float16" && step.loss < 2.5)
  }

  /// Targets of 1e15, which Float16 does not hold: the model learns them in their deviations.
  @Test(arguments: [1, 2])
  func targetsMayBeBeyondTheRange(_ ranks: Int) throws {
    let rows = (0..<100).map { "\($0 % 7),\($0 % 11),\($0 % 7 + 3)e15" }
    try directory.write(
      Array((["x,y,z"] + rows).joined(separator: "\n").utf8), to: "large.csv")
    try succeeded(
      try lockstep(
        """
        train --data csv:large.csv --target z --loss mse --precision float16 --steps 100 \
        --run-dir run --quiet
        """, ranks: ranks, in: directory))
    let last = try #require(try Metrics(of: "run", in: directory).evaluations.last)
    #expect((last.r2 ?? 0) > 0.98)
    #expect(last.loss > 1e20 && last.loss.isFinite)
  }

  @Test func otherTypesAreRefused() throws {
    expectFailure(
      try lockstep("train --precision float64 --run-dir run", in: directory), 64, "float64")
  }
}
