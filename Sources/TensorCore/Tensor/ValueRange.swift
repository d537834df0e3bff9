import Diagnostics
import Elements

extension DType {
  /// Stops unless elements of this type can hold `value`: infinities and NaN are floats, and what
  /// integers hold is limited; fractions are cut off. Booleans hold whether it is not 0.
  func requireRoom(for value: Double, _ operation: StaticString) {
    check(
      holds(value), "\(operation): a tensor of \(self) cannot hold \(value); use another type")
  }

  /// The same for an integer, which a double may round.
  func requireRoom(for value: Int, _ operation: StaticString) {
    check(
      self == .int64 || holds(Double(value)),
      "\(operation): a tensor of \(self) cannot hold \(value); use another type")
  }

  private func holds(_ value: Double) -> Bool {
    func isIn<Integer: FixedWidthInteger>(_: Integer.Type) -> Bool {
      Integer(exactly: value.rounded(.towardZero)) != nil
    }
    return switch elementKind {
    case .bool: true
    case .uint8: isIn(UInt8.self)
    case .int32: isIn(Int32.self)
    case .int64: isIn(Int64.self)
    case .float:
      !value.isFinite || elementType.init(number: value).number.isFinite
    }
  }
}
