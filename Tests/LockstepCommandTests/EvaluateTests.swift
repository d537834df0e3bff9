import TestSupport
import Testing

/// Runs that `lockstep evaluate` cannot evaluate.
@Suite(.serialized) struct EvaluateTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    try succeeded(try lockstep("train --steps 1 --quiet --run-dir run", in: directory))
  }

  /// A file of a run that is missing or holds something else.
  struct Fault: Sendable, CustomTestStringConvertible {
    let file: String
    /// What becomes of its bytes; nothing of the file if that is nil.
    let change: @Sendable ([UInt8]) -> [UInt8]?
    let status: Int32
    let cause: String
    var testDescription: String { "\(file): \(cause)" }
  }

  /// `run.json` with `new` in the place of `old`.
  private static func replacing(
    _ old: String, _ new: String
  ) -> @Sendable ([UInt8]) -> [UInt8]? {
    { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      return Array(text.split(separator: old).joined(separator: new).utf8)
    }
  }

  static let faults = [
    Fault(file: "run.json", change: { _ in nil }, status: 66, cause: "run/run.json: no such file"),
    Fault(
      file: "run.json", change: replacing("\"model\":\"mlp\"", "\"model\":\"alexnet\""), status: 65,
      cause: "run/run.json: its options are not those of a run: The value 'alexnet' is invalid for "
        + "'--model <model>'. Please provide one of the following: mlp, lenet, resnet20, gpt, rnn,"),
    Fault(
      file: "run.json", change: replacing("\"data\":\"digits\"", "\"data\":\"cifar\""), status: 65,
      cause: "run/run.json: its options are not those of a run: The value 'cifar' is invalid"),
    Fault(
      file: "run.json", change: { _ in Array("{\"model\":".utf8) }, status: 65,
      cause: "run/run.json: it is not of this version of lockstep, which keeps more of a run"),
    Fault(
      file: "run.json", change: { Array($0.dropLast(20)) }, status: 65,
      cause: "run/run.json: expected "),
    Fault(
      file: "model.safetensors", change: { _ in nil }, status: 66,
      cause: "cannot open run/model.safetensors: No such file or directory"),
    Fault(
      file: "model.safetensors", change: { $0.dropLast(100) }, status: 65,
      cause: "run/model.safetensors: "),
    Fault(
      file: "model.safetensors", change: { [0xff] + $0.dropFirst() }, status: 65,
      cause: "run/model.safetensors: "),
    Fault(
      file: "model.safetensors", change: { _ in [] }, status: 65, cause: "run/model.safetensors: "),
  ]

  @Test(arguments: faults)
  func damagedRunsAreRefused(_ fault: Fault) throws {
    try damage(fault)
    expectFailure(
      try lockstep("evaluate --run-dir run --json", in: directory), fault.status, fault.cause)
  }

  @Test(arguments: [faults[0], faults[1], faults[6]])
  func damagedRunsAreNamedByOneOfTheRanks(_ fault: Fault) throws {
    try damage(fault)
    let evaluation = try lockstep("evaluate --run-dir run --json", ranks: 2, in: directory)
    expectFailure(evaluation, fault.status, fault.cause)
  }

  private func damage(_ fault: Fault) throws {
    let name = "run/\(fault.file)"
    let changed = fault.change(try directory.read(name))
    directory.remove(name)
    if let changed { try directory.write(changed, to: name) }
  }

  @Test func directoryWithoutARunIsRefused() throws {
    expectFailure(
      try lockstep("evaluate --run-dir nowhere", in: directory), 66,
      "nowhere/run.json: no such file or directory; is this the --run-dir of a finished training run?"
    )
  }

  /// MNIST has 784 inputs, the digits of the run 64.
  @Test func dataOfAnotherShapeDoNotFit() throws {
    try MNISTFiles.write(to: directory)
    expectFailure(
      try lockstep("evaluate --run-dir run --data mnist:mnist", in: directory), 65,
      "--data mnist:mnist does not fit the run: its samples have the shape [1, 28, 28], and the run "
        + "learned from samples of the shape [64]")
  }
}
