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
public enum ReducibleKind: UInt8, Sendable {
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
  /// IEEE 754 binary16: reduced in Float32 and rounded once.
  case float16
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
  public static var reducibleKind: ReducibleKind { .float16 }
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
