import CKernels
import Diagnostics
import Elements

// Scalars take the tensor's type and have no gradient; a fractional scalar turns integers into
// float32.

extension Tensor {
  /// Adds `b` to every element.
  public static func + (a: Tensor, b: Float) -> Tensor {
    a.map(lk_shift, p: b).recorded("add", a.edge { $0 })
  }

  /// Subtracts every element from `a`.
  public static func - (a: Float, b: Tensor) -> Tensor {
    b.map(lk_subtract_from, p: a).recorded("subtract", b.edge { -$0 })
  }

  /// Multiplies every element by `b`.
  public static func * (a: Tensor, b: Float) -> Tensor {
    a.map(lk_scale, p: b).recorded("multiply", a.edge { $0 * b })
  }

  /// Divides every element by `b`.
  public static func / (a: Tensor, b: Float) -> Tensor {
    a.map(lk_divide_by, p: b).recorded("divide", a.edge { $0 / b })
  }

  /// Divides `a` by every element.
  public static func / (a: Float, b: Tensor) -> Tensor {
    b.map(lk_divide_into, p: a).recorded(
      "reciprocal", b.stepwiseEdge { [b = Saved(b)] in $0 / b.value * -a / b.value })
  }

  /// The remainder by `b`, with the sign of `b`.
  public static func % (a: Tensor, b: Float) -> Tensor { a % a.scalar(b) }
  /// The elements divided by `b` and rounded down. Has no gradient.
  public func floorDivided(by b: Float) -> Tensor { floorDivided(by: scalar(b)) }
  /// Adds `a` to every element.
  public static func + (a: Float, b: Tensor) -> Tensor { b + a }
  /// Subtracts `b` from every element.
  public static func - (a: Tensor, b: Float) -> Tensor { a + -b }
  /// Multiplies every element by `a`.
  public static func * (a: Float, b: Tensor) -> Tensor { b * a }

  /// Adds `b` to every element.
  public static func + (a: Tensor, b: Int) -> Tensor {
    a.dtype.isFloatingPoint ? a + Float(b) : a + a.scalar(b)
  }
  /// Subtracts `b` from every element.
  public static func - (a: Tensor, b: Int) -> Tensor {
    a.dtype.isFloatingPoint ? a - Float(b) : a - a.scalar(b)
  }
  /// Multiplies every element by `b`.
  public static func * (a: Tensor, b: Int) -> Tensor {
    a.dtype.isFloatingPoint ? a * Float(b) : a * a.scalar(b)
  }
  /// Divides every element by `b`; integers give float32.
  public static func / (a: Tensor, b: Int) -> Tensor { a / Float(b) }
  /// Adds `a` to every element.
  public static func + (a: Int, b: Tensor) -> Tensor { b + a }
  /// Subtracts every element from `a`.
  public static func - (a: Int, b: Tensor) -> Tensor {
    b.dtype.isFloatingPoint ? Float(a) - b : b.scalar(a) - b
  }
  /// Multiplies every element by `a`.
  public static func * (a: Int, b: Tensor) -> Tensor { b * a }
  /// Divides `a` by every element; integers give float32.
  public static func / (a: Int, b: Tensor) -> Tensor { Float(a) / b }
  /// The remainder by `b`, with the sign of `b`. Stops for integers by 0.
  public static func % (a: Tensor, b: Int) -> Tensor { a % a.scalar(b) }
  /// The elements divided by `b` and rounded down. Has no gradient. Stops for integers by 0.
  public func floorDivided(by b: Int) -> Tensor { floorDivided(by: scalar(b)) }

  /// A scalar tensor that leaves this tensor's type to the result, if that can hold `value`.
  func scalar(_ value: Float) -> Tensor {
    Tensor(value).converted(to: dtype.isFloatingPoint ? dtype : .float32)
  }

  /// The same for integers.
  func scalar(_ value: Int) -> Tensor {
    dtype.isFloatingPoint
      ? scalar(Float(value)) : Tensor(Int64(value)).converted(to: dtype == .bool ? .int64 : dtype)
  }

  /// Every element to the power `exponent`. Stops for integers to a negative power.
  public func raised(to exponent: Int) -> Tensor {
    if dtype.isFloatingPoint { return raised(to: Float(exponent)) }
    check(exponent >= 0, "power: an integer to the negative power \(exponent); use a float base")
    return raised(to: scalar(exponent))
  }

  /// Every element to the power `exponent`; integers give float32.
  public func raised(to exponent: Float) -> Tensor {
    if let cast = Autocast("power") { return cast.run { cast(self).raised(to: exponent) } }
    return switch exponent {
    case 2 where dtype.isFloatingPoint: squared()
    case 0.5: squareRoot()
    default:
      // By the root, as PyTorch does: the two differ at -0 and -infinity.
      (exponent == -0.5 ? map(lk_rsqrt) : map(lk_power_scalar, p: exponent)).recorded(
        "power",
        edge { [x = Saved(self)] gradient in
          if exponent == 0 { return .zeros(gradient.shape) }
          let slope = x.value.map(lk_power_scalar, p: exponent - 1, to: .float32)
          return gradient * slope * exponent
        })
    }
  }

  /// The square of every element.
  public func squared() -> Tensor {
    if let cast = Autocast("power") { return cast.run { cast(self).squared() } }
    if !dtype.isFloatingPoint { return raised(to: 2) }
    return map(lk_square).recorded(
      "squared", stepwiseEdge { [x = Saved(self)] in $0 * x.value * 2 })
  }
}
