public import TensorCore

/// The type of a tensor's elements in a safetensors file; the raw value is its name there.
///
/// In the order of the reference implementation, which decides where in a file a tensor lies.
public enum StoredType: String, CaseIterable, Sendable {
  /// One byte, 0 or 1.
  case bool = "BOOL"
  /// Floating point in four bits.
  case f4 = "F4"
  /// Floating point in six bits, two of them exponent.
  case f6e2m3 = "F6_E2M3"
  /// Floating point in six bits, three of them exponent.
  case f6e3m2 = "F6_E3M2"
  /// Unsigned integers of 8 bits.
  case u8 = "U8"
  /// Signed integers of 8 bits.
  case i8 = "I8"
  /// Floating point in eight bits, five of them exponent.
  case f8e5m2 = "F8_E5M2"
  /// Floating point in eight bits, four of them exponent.
  case f8e4m3 = "F8_E4M3"
  /// Powers of two in eight bits.
  case f8e8m0 = "F8_E8M0"
  /// As `f8e4m3`, without infinities and negative zero.
  case f8e4m3fnuz = "F8_E4M3FNUZ"
  /// As `f8e5m2`, without infinities and negative zero.
  case f8e5m2fnuz = "F8_E5M2FNUZ"
  /// Signed integers of 16 bits.
  case i16 = "I16"
  /// Unsigned integers of 16 bits.
  case u16 = "U16"
  /// IEEE half precision.
  case f16 = "F16"
  /// The upper half of single precision.
  case bf16 = "BF16"
  /// Signed integers of 32 bits.
  case i32 = "I32"
  /// Unsigned integers of 32 bits.
  case u32 = "U32"
  /// IEEE single precision.
  case f32 = "F32"
  /// Pairs of single precision.
  case c64 = "C64"
  /// IEEE double precision.
  case f64 = "F64"
  /// Signed integers of 64 bits.
  case i64 = "I64"
  /// Unsigned integers of 64 bits.
  case u64 = "U64"

  /// The type that tensors of type `dtype` are stored as.
  public init(_ dtype: DType) {
    self =
      switch dtype {
      case .bool: .bool
      case .uint8: .u8
      case .int32: .i32
      case .int64: .i64
      case .float16: .f16
      case .bfloat16: .bf16
      case .float32: .f32
      }
  }

  /// The type of a tensor that is loaded from this one; nil if there is none.
  public var dtype: DType? {
    DType.allCases.first { StoredType($0) == self }
  }

  /// Bits of one element.
  public var bits: Int {
    switch self {
    case .f4: 4
    case .f6e2m3, .f6e3m2: 6
    case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz: 8
    case .i16, .u16, .f16, .bf16: 16
    case .i32, .u32, .f32: 32
    case .c64, .f64, .i64, .u64: 64
    }
  }

  /// The position in the order of the reference implementation.
  var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
