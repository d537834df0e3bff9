import TestSupport
import Testing

/// What `lockstep train` does with the built-in digits: 1,442 for training, 23 steps an epoch.
@Suite(.serialized) struct TrainingTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private struct Quality: Decodable {
    let split: String
    let loss: Double
    let accuracy: Double
    let samples: Int
  }

  private func train(_ options: String, ranks: Int = 1) throws {
    try succeeded(try lockstep("train \(options)", ranks: ranks, in: directory))
  }

  @Test(arguments: [1, 2])
  func digitsAreLearned(_ ranks: Int) throws {
    let training = try lockstep("train --run-dir run", ranks: ranks, in: directory)
    #expect(try succeeded(training) == "")
    // What several ranks print would come several times. On a busy machine a rank may be slow.
    let lines = training.errors.filter { !$0.contains(" is slow: the others waited ") }
    #expect(lines.count == 12 && training.errors.count <= 13, "\(training.errors)")
    // 64-512-512-10 with biases.
    let start = "mlp with 301066 parameters on digits: 1442 samples, \(ranks) rank(s) x "
    #expect(lines.first?.hasPrefix(start) == true)
    for (line, epoch) in zip(lines.dropFirst(), 1...10) {
      #expect(line.hasPrefix("epoch \(epoch)  step \(23 * epoch)/230  test loss "), "\(line)")
    }
    #expect(lines.last?.hasSuffix("; results in run") == true)

    let metrics = try Metrics(of: "run", in: directory)
    #expect(metrics.steps.map(\.step) == Array(1...230))
    #expect(metrics.steps.map(\.epoch) == (1...10).flatMap { Array(repeating: $0, count: 23) })
    #expect(metrics.steps.allSatisfy { $0.samplesPerSecond > 0 })
    #expect(metrics.evaluations.map(\.step) == (1...10).map { 23 * $0 })
    #expect(metrics.evaluations.map(\.epoch) == Array(1...10))
    #expect(metrics.evaluations.allSatisfy { $0.split == "test" })

    let evaluation = try lockstep("evaluate --run-dir run --json", ranks: ranks, in: directory)
    let quality: Quality = try json(try succeeded(evaluation))
    #expect(evaluation.errors == [])
    #expect(quality.accuracy >= 0.97)
    #expect(quality.accuracy == metrics.evaluations.last?.accuracy)
    #expect(quality.loss == metrics.evaluations.last?.loss)
    #expect(quality.split == "test")
    #expect(quality.samples == 355)
    let text = try succeeded(try lockstep("evaluate --run-dir run", ranks: ranks, in: directory))
    #expect(text.hasPrefix("test loss 0."))
    #expect(text.hasSuffix(" %  (355 samples)\n"))
    #expect(text.split(separator: "\n").count == 1)
  }

  @Test(arguments: [1, 2])
  func quietRunsPrintNothing(_ ranks: Int) throws {
    let training = try lockstep(
      "train --steps 3 --quiet --run-dir run", ranks: ranks, in: directory)
    #expect(try succeeded(training) == "")
    #expect(training.errors == [])
  }

  @Test(arguments: [(1, 1, [1]), (23, 1, [23]), (30, 1, [23, 30]), (30, 2, [23, 30])])
  func stepsAreCounted(_ steps: Int, _ ranks: Int, _ evaluatedAfter: [Int]) throws {
    try train("--steps \(steps) --run-dir run", ranks: ranks)
    let metrics = try Metrics(of: "run", in: directory)
    #expect(metrics.steps.map(\.step) == Array(1...steps))
    #expect(metrics.steps.map(\.epoch) == (1...steps).map { $0 <= 23 ? 1 : 2 })
    #expect(metrics.evaluations.map(\.step) == evaluatedAfter)
  }

  @Test(arguments: [
    // 1e-4 + 9e-4 (1 + cos(π i / 4)) / 2
    ("", [0.001, 0.00086819805, 0.00055, 0.00023180195]),
    ("--optimizer sgd --schedule constant", [0.05, 0.05, 0.05, 0.05]),
    ("--schedule constant --warmup 3 --learning-rate 0.4", [0.1, 0.2, 0.3, 0.4]),
  ])
  func learningRateFollowsItsSchedule(_ options: String, _ expected: [Double]) throws {
    try train("--steps 4 \(options) --run-dir run")
    let rates = try Metrics(of: "run", in: directory).steps.map { Double($0.learningRate) }
    #expect(rates.count == 4)
    for (rate, expected) in matched(rates, expected) { #expect(abs(rate / expected - 1) < 1e-6) }
  }

  @Test(arguments: ["sgd", "adam", "adamw"])
  func seedDecidesEveryByte(_ optimizer: String) throws {
    for (run, seed) in [("first", 7), ("second", 7), ("other", 8)] {
      try train("--steps 5 --optimizer \(optimizer) --seed \(seed) --run-dir \(run)")
    }
    let weights = try ["first", "second", "other"].map {
      try directory.read("\($0)/model.safetensors")
    }
    #expect(weights[0] == weights[1])
    #expect(weights[0] != weights[2])
  }

  /// 131 leaves a last batch of one sample, 144 of two: ranks go without.
  @Test(arguments: [(2, 64, 23), (3, 131, 12), (3, 144, 11)])
  func ranksMakeNoDifference(_ ranks: Int, _ globalBatch: Int, _ steps: Int) throws {
    let options = "--epochs 1 --global-batch \(globalBatch)"
    try train("\(options) --run-dir alone")
    try train("\(options) --run-dir together", ranks: ranks)
    let alone = try Metrics(of: "alone", in: directory)
    let together = try Metrics(of: "together", in: directory)
    #expect(alone.steps.count == steps)
    #expect(together.steps.count == steps)
    for (one, other) in matched(alone.steps, together.steps) {
      #expect(abs(one.loss - other.loss) <= 1e-4 * one.loss, "step \(one.step)")
    }
  }

  @Test(arguments: [1, 2])
  func divergenceEndsTheRun(_ ranks: Int) throws {
    let training = try lockstep(
      "train --optimizer sgd --learning-rate 1e30 --run-dir run", ranks: ranks, in: directory)
    expectFailure(training, 79, "; try a smaller --learning-rate")
    #expect(directory.list("run") == [".lock", "checkpoints", "metrics.jsonl", "run.json"])
    #expect(directory.list("run/checkpoints") == [])
    let steps = try Metrics(of: "run", in: directory).steps
    #expect(steps.count >= 1)
    #expect(steps.allSatisfy { $0.loss.isFinite })
  }
}
