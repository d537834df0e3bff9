import ArgumentParser
package import Lockstep

/// How floats are stored, or travel between ranks: the value of `--precision` and `--wire`.
package struct Precision: ExpressibleByArgument, CaseIterable, Encodable, Equatable,
  CustomStringConvertible
{
  package let dtype: DType

  package static let float32 = Precision(dtype: .float32)

  /// The types of floats, the widest first.
  package static let allCases = DType.allCases.filter(\.isFloatingPoint).reversed().map(
    Precision.init)

  private init(dtype: DType) { self.dtype = dtype }

  package init?(argument: String) {
    guard let known = Self.allCases.first(where: { $0.description == argument }) else { return nil }
    self = known
  }

  package static var allValueStrings: [String] { allCases.map(\.description) }

  package var description: String { dtype.description }
  package var defaultValueDescription: String { description }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
