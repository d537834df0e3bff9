/// The type of a tensor's elements.
public enum DType: UInt8, Sendable, CustomStringConvertible {
  /// IEEE single precision; what gradients flow through.
  case float32
  /// 32-bit signed integers; class labels.
  case int32
  /// 64-bit signed integers.
  case int64

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .float32, .int32: 4
    case .int64: 8
    }
  }

  /// Whether elements can have a gradient.
  public var isFloatingPoint: Bool { self == .float32 }

  /// The name as in `DType`'s cases.
  public var description: String {
    switch self {
    case .float32: "float32"
    case .int32: "int32"
    case .int64: "int64"
    }
  }
}

/// A Swift type that tensors store: `Float`, `Int32` or `Int64`.
public protocol TensorElement: BitwiseCopyable, Numeric, Comparable, Sendable {
  /// The matching element type.
  static var dtype: DType { get }
  /// The value of `number` in this type, rounded toward zero for integers.
  init(number: Double)
  /// The value as a double; exact for all but large `Int64`.
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

extension Int32: TensorElement {
  /// The matching element type.
  public static var dtype: DType { .int32 }
  /// `number` rounded toward zero.
  public init(number: Double) { self.init(number) }
  /// The value as a double.
  public var number: Double { Double(self) }
}

extension Int64: TensorElement {
  /// The matching element type.
  public static var dtype: DType { .int64 }
  /// `number` rounded toward zero.
  public init(number: Double) { self.init(number) }
  /// The value as a double.
  public var number: Double { Double(self) }
}
