import TensorCore
import TestSupport
import Testing

/// What the tests know about the operations of one fixture file.
struct OperationFamily: Sendable {
  /// The name of the file.
  let name: String
  /// How the operations of the file are called here.
  let table: [String: TableEntry]
  /// What is compared with finite differences.
  let differentiable: [Differentiable]
  /// Mistakes that must stop the program.
  let misuses: [Misuse]

  init(
    _ name: String, table: [String: TableEntry], differentiable: [Differentiable] = [],
    misuses: [Misuse] = []
  ) {
    self.name = name
    self.table = table
    self.differentiable = differentiable
    self.misuses = misuses
  }
}

/// How an operation of the fixtures is called here, for all of its cases.
///
/// Results that IEEE arithmetic rounds once, and moved numbers, must be exact.
struct TableEntry: Sendable {
  typealias Call = @Sendable (FixtureCase, [Tensor]) throws -> Tensor
  typealias Calls = @Sendable (FixtureCase, [Tensor]) throws -> [Tensor]

  /// Of the results.
  let output: Tolerance
  /// Of the gradients.
  let gradients: Tolerance
  /// All results of the operation.
  let call: Calls

  private init(_ output: Tolerance, _ gradients: Tolerance, calls: @escaping Calls) {
    self.output = output
    self.gradients = gradients
    call = calls
  }

  init(
    _ output: Tolerance = .float32, gradients: Tolerance = .float32, call: @escaping Call
  ) {
    self.init(output, gradients) { [try call($0, $1)] }
  }

  /// For an operation with several results.
  static func several(
    _ output: Tolerance = .float32, gradients: Tolerance = .float32, calls: @escaping Calls
  ) -> TableEntry {
    TableEntry(output, gradients, calls: calls)
  }
}

/// A function of tensors, where to differentiate it, and its name for reports.
struct Differentiable: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let shapes: [Shape]
  let range: ClosedRange<Float>
  let function: @Sendable ([Tensor]) -> Tensor

  init(
    _ name: String, _ shapes: [Shape], in range: ClosedRange<Float> = -2...2,
    _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    testDescription = name
    self.shapes = shapes
    self.range = range
    self.function = function
  }

  var inputs: [Tensor] {
    shapes.enumerated().map { gridValues($1, in: range, seed: UInt64($0 + 1)) }
  }
}

// What many entries need.

extension FixtureCase {
  var scalar: Float { get throws { Float(try number("scalar")) } }
  var axis: Int { get throws { try integer("axis") ?? 0 } }

  /// The attribute `axes`; null is all axes of `tensor`.
  func axes(_ tensor: Tensor) throws -> [Int] {
    try integers("axes") ?? Array(0..<tensor.axisCount)
  }
}

func ints() -> Tensor { Tensor([1, 2] as [Int32]) }
func zeros(_ shape: Shape) -> Tensor { .zeros(shape) }
