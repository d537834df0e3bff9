import ArgumentParser
import Lockstep

/// How floats are stored, or travel between ranks: the value of `--precision` and `--wire`.
struct Precision: ExpressibleByArgument, CaseIterable, Encodable, Equatable, CustomStringConvertible
{
  let dtype: DType

  static let float32 = Precision(dtype: .float32)

  /// The types of floats, the widest first.
  static let allCases = DType.allCases.filter(\.isFloatingPoint).reversed().map(Precision.init)

  private init(dtype: DType) { self.dtype = dtype }

  init?(argument: String) {
    guard let known = Self.allCases.first(where: { $0.description == argument }) else { return nil }
    self = known
  }

  static var allValueStrings: [String] { allCases.map(\.description) }

  var description: String { dtype.description }
  var defaultValueDescription: String { description }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  /// The result of `model` for `inputs` in Float32, which losses need. Numbers are converted on
  /// their way in; indices stay what they are.
  func output(of model: any Layer, for inputs: Tensor) -> Tensor {
    model(inputs.dtype.isFloatingPoint ? inputs.converted(to: dtype) : inputs)
      .converted(to: .float32)
  }
}
