import TestSupport
import Testing

/// Training convolutional networks on files in the layouts of CIFAR-10 and MNIST.
@Suite(.serialized) struct ImageRunTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    let names = (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]
    for name in names { try directory.write(Self.records(8), to: "cifar/" + name) }
  }

  /// Pairs of a red image, class 0, and a blue one, class 2, with some noise.
  private static func records(_ count: Int) -> [UInt8] {
    (0..<count).flatMap { index -> [UInt8] in
      let isRed = index % 2 == 0
      let pixels = (0..<3072).map { position -> UInt8 in
        let isBright = position / 1024 == (isRed ? 0 : 2)
        return (isBright ? 200 : 40) + UInt8(truncatingIfNeeded: (position * 7 + index * 13) % 31)
      }
      return [isRed ? 0 : 2] + pixels
    }
  }

  @Test(
    arguments: [("resnet20", 1), ("lenet", 1), ("resnet20", 2)].map { ($0.0, $0.1, "float32") }
      + [("resnet20", 1, "float16"), ("lenet", 2, "float16")])
  func colorsAreLearned(_ model: String, _ ranks: Int, _ precision: String) throws {
    let line = """
      train --model \(model) --data cifar10:cifar --global-batch 8 --learning-rate 0.01 \
      --precision \(precision)
      """
    try succeeded(
      try lockstep("\(line) --epochs 6 --run-dir run", ranks: ranks, in: directory))
    let metrics = try Metrics(of: "run", in: directory)
    #expect(metrics.steps.count == 30)
    #expect((metrics.steps.last?.loss ?? .infinity) < 0.3)
    #expect(metrics.evaluations.last?.accuracy == 1)
  }

  @Test func seedDecidesEveryByte() throws {
    for (run, seed) in [("first", 7), ("second", 7), ("other", 8)] {
      try succeeded(
        try lockstep(
          "train --model resnet20 --data cifar10:cifar --global-batch 8 --steps 2 --seed \(seed) --run-dir \(run)",
          in: directory))
    }
    let weights = try ["first", "second", "other"].map {
      try directory.read("\($0)/model.safetensors")
    }
    #expect(weights[0] == weights[1])
    #expect(weights[0] != weights[2])
  }

  @Test func mistakesAreNamed() throws {
    expectFailure(
      try lockstep("train --model lenet --run-dir run", in: directory), 78,
      "it needs images, and these samples have the shape [64]")
    try directory.write([1, 2, 3], to: "cifar/data_batch_3.bin")
    expectFailure(
      try lockstep("train --model lenet --data cifar10:cifar", in: directory), 65,
      "cifar/data_batch_3.bin")
  }
}
