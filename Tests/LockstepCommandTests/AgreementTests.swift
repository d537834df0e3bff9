import TestSupport
import Testing

/// What the ranks of a run must have in common.
@Suite(.serialized) struct AgreementTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Two ranks with options of their own.
  private func train(_ first: String, _ second: String) throws -> ProcessRun {
    func words(_ options: String) -> [String] {
      "train --steps 2 --quiet --run-dir run \(options)".split(separator: " ").map(String.init)
    }
    let both = words(first) + [":", "-n", "1", try builtProgram("lockstep")] + words(second)
    return try mpirun(ranks: 1, "lockstep", both, in: directory.path)
  }

  @Test(arguments: [
    ("--seed 1", "--seed 2", "the ranks differ in --seed: rank 0 has 1, rank 1 has 2"),
    (
      "--learning-rate 0.1", "--learning-rate 0.2",
      "the ranks differ in --learning-rate: rank 0 has 0.1, rank 1 has 0.2"
    ),
    (
      "--global-batch 64", "--global-batch 32",
      "the ranks differ in --global-batch: rank 0 has 64, rank 1 has 32"
    ),
  ])
  func optionsThatDifferAreNamed(_ first: String, _ second: String, _ cause: String) throws {
    expectFailure(try train(first, second), 76, cause)
  }

  @Test func dataThatDiffersIsFoundThoughItsPathIsTheSame() throws {
    let other = try TemporaryDirectory()
    try MNISTFiles.write(training: 60, to: directory)
    try MNISTFiles.write(training: 50, to: other)
    let words = ["train", "--steps", "2", "--quiet", "--run-dir", "run", "--data", "mnist:mnist"]
    let second = [":", "-wdir", other.path, "-n", "1", try builtProgram("lockstep")] + words
    let job = try mpirun(ranks: 1, "lockstep", words + second, in: directory.path)
    expectFailure(job, 76, "the ranks differ in the size of the training data: rank 0 has 60 ")
  }

  @Test(arguments: ["--warn-after=-1", "--abort-after=inf"])
  func limitsMustBeSeconds(_ option: String) throws {
    let name = String(option.prefix { $0 != "=" })
    expectFailure(try lockstep("train \(option)", in: directory), 64, "\(name) is ")
  }
}
