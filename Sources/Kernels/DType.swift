import CKernels
import Diagnostics

/// The type of a tensor's elements.
public enum DType: UInt8, Sendable, CaseIterable, CustomStringConvertible {
  /// True or false, one byte each.
  case bool
  /// Bytes: pixels, for example.
  case uint8
  /// 32-bit signed integers; class labels.
  case int32
  /// 64-bit signed integers; positions.
  case int64
  /// IEEE half precision, for storage: kernels compute in float32.
  case float16
  /// IEEE single precision.
  case float32

  /// Bytes of one element.
  public var size: Int { word.rawValue }

  /// The memory of one element, for code that moves elements and does not look into them.
  package var word: Word {
    switch self {
    case .bool, .uint8: .one
    case .float16: .two
    case .int32, .float32: .four
    case .int64: .eight
    }
  }

  /// How much memory an element takes; the raw value is the number of bytes.
  package enum Word: Int {
    case one = 1
    case two = 2
    case four = 4
    case eight = 8
  }

  /// Whether elements can have a gradient.
  public var isFloatingPoint: Bool {
    switch self {
    case .float16, .float32: true
    case .bool, .uint8, .int32, .int64: false
    }
  }

  /// Whether elements are floats of another type than kernels compute in: they are converted on
  /// the way in and out.
  package var isNarrowFloat: Bool { isFloatingPoint && self != .float32 }

  /// How C kernels call this type of floats.
  var storage: lk_storage {
    switch self {
    case .float16: LK_FLOAT16
    case .float32: LK_FLOAT32
    case .bool, .uint8, .int32, .int64: stop("a kernel for floats got a tensor of \(self)")
    }
  }

  /// The name as in `DType`'s cases.
  public var description: String {
    switch self {
    case .bool: "bool"
    case .uint8: "uint8"
    case .int32: "int32"
    case .int64: "int64"
    case .float16: "float16"
    case .float32: "float32"
    }
  }

  /// The type that holds values of both types, by PyTorch's rules: floats win over integers,
  /// integers over booleans, and the larger over the smaller.
  package func promoted(with other: DType) -> DType { rawValue >= other.rawValue ? self : other }
}

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
