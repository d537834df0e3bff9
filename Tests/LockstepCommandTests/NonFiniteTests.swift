import TestSupport
import Testing

/// A result that is not finite is never a success.
@Suite(.serialized) struct NonFiniteTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// The loss of the last step is finite; its update makes weights of 10³³.
  @Test(arguments: [1, 2])
  func aRunThatItsLastStepRuinsFails(_ ranks: Int) throws {
    let training = try lockstep(
      """
      train --steps 2 --learning-rate 1e12 --optimizer sgd --schedule constant --run-dir run --quiet
      """, ranks: ranks, in: directory)
    expectFailure(training, 79, "the test loss is ")
    #expect(directory.list("run") == [".lock", "checkpoints", "metrics.jsonl", "run.json"])
    #expect(directory.list("run/checkpoints") == [])
    #expect(try Metrics(of: "run", in: directory).steps.count == 2)
  }

  /// Weights that are not finite, and such that only results are not.
  @Test(arguments: [(UInt8(0x7f), UInt8(0xc0), "hidden.1.weight has values"), (0x7f, 0x60, "test")])
  func evaluateAndGenerateFail(_ high: UInt8, _ low: UInt8, _ cause: String) throws {
    try succeeded(try lockstep("train --steps 1 --quiet --run-dir run", in: directory))
    var bytes = try directory.read("run/model.safetensors")
    // The last tensor of the file is the second layer's weight.
    for place in stride(from: bytes.count - 4 * 1000, to: bytes.count, by: 4) {
      bytes.replaceSubrange(place..<place + 4, with: [0, 0, low, high])
    }
    try directory.write(bytes, to: "run/model.safetensors")
    for ranks in [1, 2] {
      expectFailure(
        try lockstep("evaluate --run-dir run", ranks: ranks, in: directory), 79, cause)
    }
  }

  /// The same two for the model of a text.
  @Test(
    arguments: [
      (UInt8(0x80), "has values that are not finite"),
      (0x60, "run/model.safetensors: the model's result is not finite"),
    ])
  func generateFails(_ low: UInt8, _ cause: String) throws {
    try directory.write(Array(String(repeating: "to be or not ", count: 60).utf8), to: "be.txt")
    try succeeded(
      try lockstep(
        "train --model lstm --data text:be.txt --steps 1 --quiet --run-dir run", in: directory))
    var bytes = try directory.read("run/model.safetensors")
    // All weights lie behind the header, whose length comes first.
    let header = Int(bytes[0]) + Int(bytes[1]) << 8
    for place in stride(from: 8 + header, to: bytes.count, by: 4) {
      bytes.replaceSubrange(place..<place + 4, with: [0, 0, low, 0x7f])
    }
    try directory.write(bytes, to: "run/model.safetensors")
    expectFailure(try lockstep("generate --run-dir run --length 3", in: directory), 79, cause)
  }

  /// Row 2 of 5 is held out: there the first column, elsewhere the same, has a value of its own.
  @Test func samplesMayBeToBlame() throws {
    let rows = ["1,1,1", "1,2,2", "3e38,3,3", "1,4,4", "1,5,5"]
    try directory.write(Array((["x,z,y"] + rows).joined(separator: "\n").utf8), to: "wild.csv")
    let training = try lockstep(
      "train --data csv:wild.csv --target y --loss mse --steps 2 --run-dir run --quiet",
      in: directory)
    expectFailure(training, 79, ": the weights, or the samples, are too large to compute with")
  }

  /// Targets whose squares are beyond Float32, which standardisation takes care of.
  @Test func largeTargetsAreLearned() throws {
    let rows = (0..<50).map { "\($0),\($0)e36" }
    try directory.write(Array((["x,y"] + rows).joined(separator: "\n").utf8), to: "large.csv")
    try succeeded(
      try lockstep(
        "train --data csv:large.csv --target y --loss mse --epochs 60 --run-dir run --quiet",
        in: directory))
    let metrics = try Metrics(of: "run", in: directory)
    #expect(metrics.steps.allSatisfy { $0.loss.isFinite && $0.loss > 1e66 })
    #expect((metrics.evaluations.last?.r2 ?? 0) > 0.8)
  }
}
