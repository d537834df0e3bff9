import CKernels
import Kernels

// Scalars take the tensor's type and have no gradient; a fractional scalar turns integers into float32.

extension Tensor {
  /// Adds `b` to every element.
  public static func + (a: Tensor, b: Float) -> Tensor {
    a.map(lk_shift, p: b).recorded("add", [a.edge { $0 }])
  }

  /// Subtracts every element from `a`.
  public static func - (a: Float, b: Tensor) -> Tensor {
    b.map(lk_subtract_from, p: a).recorded("subtract", [b.edge { -$0 }])
  }

  /// Multiplies every element by `b`.
  public static func * (a: Tensor, b: Float) -> Tensor {
    a.map(lk_scale, p: b).recorded("multiply", [a.edge { $0 * b }])
  }

  /// Divides every element by `b`.
  public static func / (a: Tensor, b: Float) -> Tensor { a / Tensor(b) }
  /// Divides `a` by every element.
  public static func / (a: Float, b: Tensor) -> Tensor { Tensor(a) / b }
  /// Adds `a` to every element.
  public static func + (a: Float, b: Tensor) -> Tensor { b + a }
  /// Subtracts `b` from every element.
  public static func - (a: Tensor, b: Float) -> Tensor { a + -b }
  /// Multiplies every element by `a`.
  public static func * (a: Float, b: Tensor) -> Tensor { b * a }

  /// Adds `b` to every element.
  public static func + (a: Tensor, b: Int) -> Tensor { a.withInteger(b, .add) { $0 + Float(b) } }
  /// Subtracts `b` from every element.
  public static func - (a: Tensor, b: Int) -> Tensor { a + -b }
  /// Multiplies every element by `b`.
  public static func * (a: Tensor, b: Int) -> Tensor {
    a.withInteger(b, .multiply) { $0 * Float(b) }
  }
  /// Divides every element by `b`; integers give float32.
  public static func / (a: Tensor, b: Int) -> Tensor { a / Float(b) }
  /// Adds `a` to every element.
  public static func + (a: Int, b: Tensor) -> Tensor { b + a }
  /// Subtracts every element from `a`.
  public static func - (a: Int, b: Tensor) -> Tensor {
    b.dtype.isFloatingPoint ? Float(a) - b : zip(.subtract, Tensor(Int64(a)), b)
  }
  /// Multiplies every element by `a`.
  public static func * (a: Int, b: Tensor) -> Tensor { b * a }
  /// Divides `a` by every element; integers give float32.
  public static func / (a: Int, b: Tensor) -> Tensor { Float(a) / b }
  /// The remainder by `b`, with the sign of `b`.
  public static func % (a: Tensor, b: Int) -> Tensor {
    a.withInteger(b, .remainder) { $0 % Tensor(Float(b)) }
  }

  /// `operation` with an integer scalar: exact on integers, `onFloats` otherwise.
  private func withInteger(
    _ scalar: Int, _ operation: BinaryOperation, _ onFloats: (Tensor) -> Tensor
  ) -> Tensor {
    dtype.isFloatingPoint ? onFloats(self) : Tensor.zip(operation, self, Tensor(Int64(scalar)))
  }

  /// Every element to the power `exponent`.
  public func raised(to exponent: Float) -> Tensor {
    switch exponent {
    case 2: squared()
    case 0.5: squareRoot()
    default:
      map(lk_power_scalar, p: exponent).recorded(
        "power",
        [
          edge { [x = Saved(self)] gradient in
            exponent == 0
              ? gradient * 0 : gradient * x.value.map(lk_power_scalar, p: exponent - 1) * exponent
          }
        ])
    }
  }

  /// The square of every element.
  public func squared() -> Tensor {
    if !dtype.isFloatingPoint { return self * self }
    return map(lk_square).recorded(
      "squared", [edge { [x = Saved(self)] gradient in gradient * x.value * 2 }])
  }
}
