import TestSupport
import Testing

/// Training on files in MNIST's format, sound and not.
@Suite(.serialized) struct MNISTCommandTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: [false, true], [1, 2])
  func filesAreLearned(compressed: Bool, ranks: Int) throws {
    try MNISTFiles.write(compressed: compressed, to: directory)
    let training = "train --data mnist:mnist --epochs 4 --global-batch 16 --run-dir run"
    try succeeded(try lockstep(training, ranks: ranks, in: directory))
    let metrics = try Metrics(of: "run", in: directory)
    #expect(metrics.steps.count == 4 * 4)
    #expect(metrics.evaluations.last?.accuracy == 1)
    let evaluation = try lockstep("evaluate --run-dir run --json", ranks: ranks, in: directory)
    #expect(try succeeded(evaluation).contains("\"samples\":20}"))
  }

  /// One file of a sound set in the place of which there is something else.
  struct Fault: Sendable, CustomTestStringConvertible {
    let file: String
    let content: [UInt8]
    let cause: String
    var testDescription: String { cause }
  }

  static let faults = [
    Fault(
      file: "train-images-idx3-ubyte", content: labelFile(MNISTFiles.labels(60)),
      cause: "train-images-idx3-ubyte: its magic number is 0x00000801, expected 0x00000803"),
    Fault(
      file: "t10k-images-idx3-ubyte.gz",
      content: gzip(MNISTFiles.images(MNISTFiles.labels(20))).dropLast(30),
      cause: "t10k-images-idx3-ubyte.gz: its gzip data are truncated"),
    Fault(
      file: "train-labels-idx1-ubyte.gz",
      content: gzip(labelFile([3, 1, 4, 12] + [UInt8](repeating: 0, count: 56))),
      cause: "train-labels-idx1-ubyte.gz: label 3 is 12, expected 0...9"),
    Fault(
      file: "t10k-labels-idx1-ubyte", content: labelFile(MNISTFiles.labels(21)),
      cause: "t10k-labels-idx1-ubyte: it has 21 labels, expected one for each of 20 images"),
  ]

  @Test(arguments: faults, [1, 2])
  func badFilesAreRefused(_ fault: Fault, ranks: Int) throws {
    try MNISTFiles.write(to: directory)
    directory.remove("mnist/" + fault.file.replacing(".gz", with: ""))
    try directory.write(fault.content, to: "mnist/" + fault.file)
    let training = try lockstep(
      "train --data mnist:mnist --run-dir run", ranks: ranks, in: directory)
    expectFailure(training, 65, "mnist/" + fault.cause)
    #expect(directory.list() == ["mnist"])
  }

  @Test(arguments: [1, 2])
  func missingFilesAreNamed(_ ranks: Int) throws {
    let training = try lockstep(
      "train --data mnist:nowhere --run-dir run", ranks: ranks, in: directory)
    expectFailure(
      training, 66, "nowhere/train-images-idx3-ubyte[.gz]: no such file or directory")
    #expect(directory.list() == [])
  }

  @Test(arguments: [(2, 20), (20, 2)])
  func everyRankNeedsASample(_ training: Int, _ test: Int) throws {
    try MNISTFiles.write(training: training, test: test, to: directory)
    let run = try lockstep("train --data mnist:mnist --run-dir run", ranks: 3, in: directory)
    expectFailure(run, 65, "the data set has 2 samples, but 3 ranks need at least one each")
    #expect(directory.list() == ["mnist"])
  }
}
