/// The upper half of a `Float`: its range, with 8 bits of precision. A type to store; kernels compute
/// with `Float`.
public struct BFloat16: BitwiseCopyable, Comparable, Hashable, Sendable,
  CustomStringConvertible
{
  /// The upper 16 bits of the `Float`.
  public let bitPattern: UInt16

  /// The value with the bits `bitPattern`.
  public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// The value nearest to `value`, of two equally near ones the even one; NaN stays NaN.
  public init(_ value: Float) {
    let bits = value.bitPattern
    let rounded = UInt16(truncatingIfNeeded: (UInt64(bits) + 0x7fff + UInt64(bits >> 16 & 1)) >> 16)
    bitPattern = value.isNaN ? UInt16(bits >> 16) | 0x40 : rounded
  }

  /// The value as a `Float` prints it.
  public var description: String { Float(self).description }

  /// Whether both are the same number: NaN equals nothing, and 0 equals -0.
  public static func == (a: BFloat16, b: BFloat16) -> Bool { Float(a) == Float(b) }

  /// Whether `a` is the smaller number.
  public static func < (a: BFloat16, b: BFloat16) -> Bool { Float(a) < Float(b) }

  /// Feeds what `==` compares.
  public func hash(into hasher: inout Hasher) { hasher.combine(Float(self)) }
}

extension Float {
  /// The exact value of `value`.
  public init(_ value: BFloat16) { self.init(bitPattern: UInt32(value.bitPattern) << 16) }
}

extension BFloat16: TensorElement {
  /// The matching element type.
  public static var dtype: DType { .bfloat16 }
  /// `number` as a `Float`, rounded to the nearest value.
  public init(number: Double) { self.init(Float(number)) }
  /// The value as a double.
  public var number: Double { Double(Float(self)) }
}
