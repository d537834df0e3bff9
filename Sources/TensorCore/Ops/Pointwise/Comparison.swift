import CKernels
import Diagnostics
import Elements

// Comparisons are element-wise, broadcast, and give booleans; their operators start with a dot, as
// those of SIMD types. They compare values of the common type: 0.1 equals the half that is nearest
// to it.

extension BinaryOperation {
  private static func comparison(
    _ name: StaticString, _ kernel: @escaping lk_binary,
    _ holds: @escaping @Sendable (Int64, Int64) -> Bool
  ) -> BinaryOperation {
    BinaryOperation(name, kernel, result: .bool) { holds($0, $1) ? 1 : 0 }
  }

  static let equal = comparison("equal", lk_equal) { $0 == $1 }
  static let notEqual = comparison("notEqual", lk_not_equal) { $0 != $1 }
  static let less = comparison("less", lk_less) { $0 < $1 }
  static let lessEqual = comparison("lessEqual", lk_less_equal) { $0 <= $1 }
  static let greater = comparison("greater", lk_greater) { $0 > $1 }
  static let greaterEqual = comparison("greaterEqual", lk_greater_equal) { $0 >= $1 }
  static let and = comparison("and", lk_logical_and) { $0 != 0 && $1 != 0 }
  static let or = comparison("or", lk_logical_or) { $0 != 0 || $1 != 0 }
}

extension Tensor {
  /// Where elements are equal, as bool; shapes broadcast.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { compare(.equal, a, b) }
  /// Where elements differ, as bool; shapes broadcast.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { compare(.notEqual, a, b) }
  /// Where elements of `a` are less, as bool; shapes broadcast.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { compare(.less, a, b) }
  /// Where elements of `a` are less or equal, as bool; shapes broadcast.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { compare(.lessEqual, a, b) }
  /// Where elements of `a` are greater, as bool; shapes broadcast.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { compare(.greater, a, b) }
  /// Where elements of `a` are greater or equal, as bool; shapes broadcast.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { compare(.greaterEqual, a, b) }
  /// Where both are true (not 0), as bool; shapes broadcast.
  public static func .& (a: Tensor, b: Tensor) -> Tensor { zip(.and, a, b) }
  /// Where either is true (not 0), as bool; shapes broadcast.
  public static func .| (a: Tensor, b: Tensor) -> Tensor { zip(.or, a, b) }

  /// Where elements equal `b`, as bool.
  public static func .== (a: Tensor, b: Float) -> Tensor { a .== a.comparand(b) }
  /// Where elements differ from `b`, as bool.
  public static func .!= (a: Tensor, b: Float) -> Tensor { a .!= a.comparand(b) }
  /// Where elements are less than `b`, as bool.
  public static func .< (a: Tensor, b: Float) -> Tensor { a .< a.comparand(b) }
  /// Where elements are at most `b`, as bool.
  public static func .<= (a: Tensor, b: Float) -> Tensor { a .<= a.comparand(b) }
  /// Where elements are greater than `b`, as bool.
  public static func .> (a: Tensor, b: Float) -> Tensor { a .> a.comparand(b) }
  /// Where elements are at least `b`, as bool.
  public static func .>= (a: Tensor, b: Float) -> Tensor { a .>= a.comparand(b) }

  /// Where elements equal `b`, as bool.
  public static func .== (a: Tensor, b: Int) -> Tensor { a .== a.comparand(b) }
  /// Where elements differ from `b`, as bool.
  public static func .!= (a: Tensor, b: Int) -> Tensor { a .!= a.comparand(b) }
  /// Where elements are less than `b`, as bool.
  public static func .< (a: Tensor, b: Int) -> Tensor { a .< a.comparand(b) }
  /// Where elements are at most `b`, as bool.
  public static func .<= (a: Tensor, b: Int) -> Tensor { a .<= a.comparand(b) }
  /// Where elements are greater than `b`, as bool.
  public static func .> (a: Tensor, b: Int) -> Tensor { a .> a.comparand(b) }
  /// Where elements are at least `b`, as bool.
  public static func .>= (a: Tensor, b: Int) -> Tensor { a .>= a.comparand(b) }

  private static func compare(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor) -> Tensor {
    let common = promotedType(a, b)
    guard a.dtype != b.dtype, common.isNarrowFloat else { return zip(operation, a, b) }
    return zip(operation, a.detached().converted(to: common), b.detached().converted(to: common))
  }

  private func comparand(_ value: Float) -> Tensor { scalar(value) }

  /// Integers are compared as they are, also with values that their own type cannot hold.
  private func comparand(_ value: Int) -> Tensor {
    dtype.isFloatingPoint ? scalar(Float(value)) : Tensor(Int64(value))
  }

  /// Where elements are false (0).
  public static prefix func .! (a: Tensor) -> Tensor { a.map(lk_logical_not, to: .bool) }
  /// Where elements are NaN, as bool.
  public func isNaN() -> Tensor { map(lk_is_nan, to: .bool) }
  /// Where elements are neither NaN nor infinite, as bool.
  public func isFinite() -> Tensor { map(lk_is_finite, to: .bool) }
}

/// Elements of `a` where `condition` is true (not 0), and of `b` elsewhere; shapes broadcast.
public func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  let dtype = Tensor.promotedType(a, b)
  let shape = broadcast(broadcast(a.shape, b.shape, "where"), condition.shape, "where")
  let result = Tensor(uninitialized: shape, dtype)
  result.select(condition, a.converted(to: dtype), b.converted(to: dtype))
  return result.recorded(
    "where",
    a.edge { [condition = Saved(condition)] gradient in
      `where`(condition.value, gradient, 0)
    },
    b.edge { [condition = Saved(condition)] gradient in
      `where`(condition.value, 0, gradient)
    })
}

/// Elements of `a` where `condition` is true, and `b` elsewhere.
public func `where`(_ condition: Tensor, _ a: Tensor, _ b: Float) -> Tensor {
  `where`(condition, a, a.scalar(b))
}

/// `a` where `condition` is true, and elements of `b` elsewhere.
public func `where`(_ condition: Tensor, _ a: Float, _ b: Tensor) -> Tensor {
  `where`(condition, b.scalar(a), b)
}

/// Elements of `a` where `condition` is true, and `b` elsewhere.
public func `where`(_ condition: Tensor, _ a: Tensor, _ b: Int) -> Tensor {
  `where`(condition, a, a.scalar(b))
}

/// `a` where `condition` is true, and elements of `b` elsewhere.
public func `where`(_ condition: Tensor, _ a: Int, _ b: Tensor) -> Tensor {
  `where`(condition, b.scalar(a), b)
}

extension Tensor {
  /// Overwrites this fresh tensor with elements of `a` or `b`, all of one type.
  fileprivate func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) {
    func copy<Element: BitwiseCopyable>(_: Element.Type) {
      let condition = condition.dtype == .bool ? condition : condition.map(lk_truth, to: .bool)
      let (c, x, y, z) = (
        condition.base(of: Bool.self), a.base(of: Element.self), b.base(of: Element.self),
        base(of: Element.self)
      )
      let strides: InlineArray<4, Shape> = [
        strides, condition.strides(broadcastTo: shape), a.strides(broadcastTo: shape),
        b.strides(broadcastTo: shape),
      ]
      RunPlan<4>(shape, strides).forEachRunInAnyOrder { count, s, o in
        for i in 0..<count {
          z[o[0] + i * s[0]] = c[o[1] + i * s[1]] ? x[o[2] + i * s[2]] : y[o[3] + i * s[3]]
        }
      }
    }
    switch dtype.word {
    case .one: copy(UInt8.self)
    case .two: copy(UInt16.self)
    case .four: copy(UInt32.self)
    case .eight: copy(UInt64.self)
    }
  }
}
