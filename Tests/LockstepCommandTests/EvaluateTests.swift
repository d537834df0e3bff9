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

  private static func model(_ name: String, _ data: String) -> [UInt8] {
    let options = "{\"seed\":0,\"context\":64}"
    return Array("{\"model\":\"\(name)\",\"data\":\"\(data)\",\"options\":\(options)}\n".utf8)
  }

  static let faults = [
    Fault(file: "run.json", change: { _ in nil }, status: 66, cause: "run/run.json: no such file"),
    Fault(
      file: "run.json", change: { _ in model("alexnet", "digits") }, status: 65,
      cause: "run/run.json: model 'alexnet' is not known"),
    Fault(
      file: "run.json", change: { _ in model("mlp", "cifar") }, status: 65,
      cause: "run/run.json: data 'cifar' is not known"),
    Fault(
      file: "run.json", change: { _ in Array("{\"model\":".utf8) }, status: 65,
      cause: "run.json: not the description of a run, expected an object with model, data and"),
    Fault(
      file: "run.json", change: { _ in Array("{\"model\":\"mlp\"}".utf8) }, status: 65,
      cause: "run.json: not the description of a run, expected an object with model, data and"),
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
      "nowhere/run.json: no such file; is this the --run-dir of a finished training run?")
  }

  /// MNIST has 784 inputs, the digits of the run 64.
  @Test func dataOfAnotherShapeDoNotFit() throws {
    try MNISTFiles.write(to: directory)
    expectFailure(
      try lockstep("evaluate --run-dir run --data mnist:mnist", in: directory), 65,
      "run/model.safetensors does not fit MLP")
  }
}
