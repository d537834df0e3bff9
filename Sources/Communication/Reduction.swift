public import Elements

/// What an all-reduce does with the ranks' values.
public enum ReductionOperation: String, CaseIterable, Sendable {
  /// Adds them; integers wrap around.
  case sum
  /// Keeps the smallest.
  case minimum
  /// Keeps the largest.
  case maximum
}

/// A number that ranks can reduce. Conformances beyond those of this module are not supported.
public protocol Reducible: BitwiseCopyable, Sendable {
  /// How the number is represented in memory.
  static var reducibleKind: ReducibleKind { get }
}

/// The representations of numbers that ranks can reduce.
public enum ReducibleKind: Hashable, Sendable {
  /// IEEE 754 binary32.
  case float32
  /// IEEE 754 binary64.
  case float64
  /// Two's complement of 32 bits.
  case int32
  /// Two's complement of 64 bits.
  case int64
  /// Unsigned, 64 bits.
  case uint64
  /// Floats of a type that is narrower than Float32: reduced in Float32 and rounded once.
  case narrow(DType)
}

extension ReducibleKind: CustomStringConvertible {
  private static let plain: [ReducibleKind] = [.float32, .float64, .int32, .int64, .uint64]

  /// A number below 16 that stands for this kind.
  var code: UInt8 {
    if case .narrow(let dtype) = self { return 8 + dtype.rawValue }
    return UInt8(Self.plain.firstIndex(of: self) ?? 0)
  }

  /// The kind that `code` stands for; nil: none.
  init?(code: UInt8) {
    if code < Self.plain.count {
      self = Self.plain[Int(code)]
    } else if code >= 8, let dtype = DType(rawValue: code - 8), dtype.isNarrowFloat {
      self = .narrow(dtype)
    } else {
      return nil
    }
  }

  /// The name of the type.
  public var description: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .int32: "int32"
    case .int64: "int64"
    case .uint64: "uint64"
    case .narrow(let dtype): dtype.description
    }
  }
}

extension Float: Reducible {
  /// IEEE 754 binary32.
  public static var reducibleKind: ReducibleKind { .float32 }
}

extension Double: Reducible {
  /// IEEE 754 binary64.
  public static var reducibleKind: ReducibleKind { .float64 }
}

extension Float16: Reducible {
  /// IEEE 754 binary16.
  public static var reducibleKind: ReducibleKind { .narrow(.float16) }
}

extension BFloat16: Reducible {
  /// The upper half of IEEE 754 binary32.
  public static var reducibleKind: ReducibleKind { .narrow(.bfloat16) }
}

extension Int32: Reducible {
  /// Two's complement of 32 bits.
  public static var reducibleKind: ReducibleKind { .int32 }
}

extension Int64: Reducible {
  /// Two's complement of 64 bits.
  public static var reducibleKind: ReducibleKind { .int64 }
}

extension UInt64: Reducible {
  /// Unsigned, 64 bits.
  public static var reducibleKind: ReducibleKind { .uint64 }
}

extension ReductionOperation {
  /// What the operation makes of two floats; NaN of either wins.
  func onFloats<Value: FloatingPoint>(_: Value.Type) -> (Value, Value) -> Value {
    switch self {
    case .sum: { $0 + $1 }
    case .minimum: { $0.isNaN ? $0 : $1.isNaN ? $1 : Swift.min($0, $1) }
    case .maximum: { $0.isNaN ? $0 : $1.isNaN ? $1 : Swift.max($0, $1) }
    }
  }
}
