/// A Swift type that tensors store.
public protocol TensorElement: BitwiseCopyable, Equatable, Sendable {
  /// The matching element type.
  static var dtype: DType { get }
  /// The value of `number` in this type: rounded toward zero for integers and limited to their
  /// range.
  init(number: Double)
  /// The value as a double; exact for all but large `Int64`. A Boolean is 1 or 0.
  var number: Double { get }
}

extension Float: TensorElement {
  /// The matching element type.
  public static var dtype: DType { .float32 }
  /// The nearest value to `number`.
  public init(number: Double) { self.init(number) }
  /// The value as a double.
  public var number: Double { Double(self) }
}

extension Float16: TensorElement {
  /// The matching element type.
  public static var dtype: DType { .float16 }
  /// The nearest value to `number`.
  public init(number: Double) { self.init(number) }
  /// The value as a double.
  public var number: Double { Double(self) }
}

extension Int64: TensorElement {
  /// The matching element type.
  public static var dtype: DType { .int64 }
  /// `number` rounded toward zero and limited to the range of the type; 0 for NaN.
  public init(number: Double) { self = integer(number) }
  /// The value as a double.
  public var number: Double { Double(self) }
}

extension Int: TensorElement {
  /// The matching element type.
  public static var dtype: DType { .int64 }
  /// `number` rounded toward zero and limited to the range of the type; 0 for NaN.
  public init(number: Double) { self = integer(number) }
  /// The value as a double.
  public var number: Double { Double(self) }
}

extension Int32: TensorElement {
  /// The matching element type.
  public static var dtype: DType { .int32 }
  /// `number` rounded toward zero and limited to the range of the type; 0 for NaN.
  public init(number: Double) { self = integer(number) }
  /// The value as a double.
  public var number: Double { Double(self) }
}

extension UInt8: TensorElement {
  /// The matching element type.
  public static var dtype: DType { .uint8 }
  /// `number` rounded toward zero and limited to the range of the type; 0 for NaN.
  public init(number: Double) { self = integer(number) }
  /// The value as a double.
  public var number: Double { Double(self) }
}

extension Bool: TensorElement {
  /// The matching element type.
  public static var dtype: DType { .bool }
  /// Whether `number` is not 0.
  public init(number: Double) { self = number != 0 }
  /// 1 or 0.
  public var number: Double { self ? 1 : 0 }
}

private func integer<Integer: FixedWidthInteger>(_ number: Double) -> Integer {
  if number.isNaN { return 0 }
  return Integer(exactly: number.rounded(.towardZero)) ?? (number < 0 ? .min : .max)
}
