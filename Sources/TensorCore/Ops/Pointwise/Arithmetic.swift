import CKernels
import Diagnostics
import Elements

extension BinaryOperation {
  static let add = BinaryOperation("add", lk_add, integer: { $0 &+ $1 })
  static let subtract = BinaryOperation("subtract", lk_subtract, integer: { $0 &- $1 })
  static let multiply = BinaryOperation("multiply", lk_multiply, integer: { $0 &* $1 })
  static let divide = BinaryOperation("divide", lk_divide, result: .float)
  static let maximum = BinaryOperation("maximum", lk_maximum, integer: { max($0, $1) })
  static let minimum = BinaryOperation("minimum", lk_minimum, integer: { min($0, $1) })
  static let remainder = BinaryOperation("remainder", lk_remainder) { a, b in
    check(b != 0, "remainder: an integer divided by 0")
    let remainder = a.remainderReportingOverflow(dividingBy: b).partialValue
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
  }
  static let floorDivide = BinaryOperation("floorDivide", lk_floor_divide) { a, b in
    check(b != 0, "floorDivide: an integer divided by 0")
    let quotient = a.dividedReportingOverflow(by: b).partialValue
    return quotient &* b != a && (a < 0) != (b < 0) ? quotient - 1 : quotient
  }
  static let power = BinaryOperation("power", lk_power) { base, exponent in
    if exponent < 0, base != 1, base != -1 { return 0 }  // a fraction, rounded toward 0
    var (result, square, rest) = (Int64(1), base, exponent.magnitude)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }
}

extension Tensor {
  /// Element-wise sum; shapes broadcast, and the result has the type that holds both.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    zip(.add, a, b).recorded("add", a.edge { $0 }, b.edge { $0 })
  }

  /// Element-wise difference; shapes broadcast, and the result has the type that holds both. Stops
  /// for two Boolean tensors.
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    requireSubtractable(a, b)
    return zip(.subtract, a, b).recorded("subtract", a.edge { $0 }, b.edge { -$0 })
  }

  static func requireSubtractable(_ a: Tensor, _ b: Tensor) {
    check(
      a.dtype != .bool || b.dtype != .bool,
      "subtract: both tensors are bool; use .!= or convert them to an integer type")
  }

  /// Element-wise product; shapes broadcast, and the result has the type that holds both. For
  /// matrices see `matmul`.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    zip(.multiply, a, b).recorded(
      "multiply",
      a.factorEdge(*, b),
      b.factorEdge(*, a))
  }

  /// An edge whose share is `operation(gradient, factor)`. It rounds narrow floats once, but not
  /// where the share is still to be summed over axes along which this tensor is broadcast.
  private func factorEdge(
    _ operation: @escaping (Tensor, Tensor) -> Tensor, _ factor: Tensor
  ) -> Edge? {
    guard isTracked else { return nil }
    return edge { [shape, factor = Saved(factor)] gradient in
      operation(gradient.shape == shape ? gradient : gradient.wide, factor.value)
    }
  }

  /// Element-wise quotient; shapes broadcast. Integers give float32.
  public static func / (a: Tensor, b: Tensor) -> Tensor {
    zip(.divide, a, b).recorded(
      "divide",
      a.factorEdge(/, b),
      b.stepwiseEdge { [a = Saved(a), b = Saved(b)] gradient in
        -(gradient / b.value * a.value) / b.value
      })
  }

  /// The remainder of a / b with the sign of `b`, element by element. Stops where an integer is
  /// divided by 0.
  public static func % (a: Tensor, b: Tensor) -> Tensor {
    zip(.remainder, a, b).recorded(
      "remainder",
      a.edge { $0 },
      b.stepwiseEdge { [a = Saved(a), b = Saved(b)] gradient in
        -(gradient * zip(.floorDivide, a.value, b.value))
      })
  }

  /// a / b rounded down, element by element. Has no gradient. Stops where an integer is divided by
  /// 0.
  public func floorDivided(by b: Tensor) -> Tensor { Tensor.zip(.floorDivide, self, b) }

  /// Element-wise power; shapes broadcast. An integer to a negative power is rounded toward 0.
  public func raised(to exponent: Tensor) -> Tensor {
    if let cast = Autocast("power") { return cast.run { cast(self).raised(to: cast(exponent)) } }
    let y = Tensor.zip(.power, self, exponent)
    return y.recorded(
      "power",
      stepwiseEdge { [x = Saved(self), exponent = Saved(exponent)] gradient in
        // 0 where the exponent is 0, also at x = 0.
        let (x, exponent) = (x.value.wide, exponent.value.wide)
        return gradient * `where`(exponent .== 0, 0, exponent * x.raised(to: exponent - 1))
      },
      exponent.stepwiseEdge {
        [x = Saved(self), exponent = Saved(exponent), y = Saved(y)] gradient in
        // x^e log(x), which tends to 0 as x does.
        let (x, y) = (x.value.wide, y.value.wide)
        return gradient * `where`((x .== 0) .& (exponent.value .>= 0), 0, y * x.log())
      })
  }

  /// The larger of each pair of elements. Where they are equal each gets half of the gradient, and
  /// where one is NaN each gets all of it, as in PyTorch.
  public static func maximum(_ a: Tensor, _ b: Tensor) -> Tensor {
    extreme(.maximum, a, b) { $0 .< $1 }
  }

  /// The smaller of each pair of elements. Where they are equal each gets half of the gradient, and
  /// where one is NaN each gets all of it, as in PyTorch.
  public static func minimum(_ a: Tensor, _ b: Tensor) -> Tensor {
    extreme(.minimum, a, b) { $0 .> $1 }
  }

  private static func extreme(
    _ operation: BinaryOperation, _ a: Tensor, _ b: Tensor,
    _ loses: @escaping (Tensor, Tensor) -> Tensor
  ) -> Tensor {
    /// The share of the gradient that goes to `x`: 0 where it loses, 1/2 where it ties with `y`.
    func share(_ x: Tensor, _ y: Tensor) -> Tensor {
      1 - loses(x, y).converted(to: .float32) - (x .== y).converted(to: .float32) * 0.5
    }
    return zip(operation, a, b).recorded(
      operation.name,
      a.stepwiseEdge { [a = Saved(a), b = Saved(b)] in $0 * share(a.value, b.value) },
      b.stepwiseEdge { [a = Saved(a), b = Saved(b)] in $0 * share(b.value, a.value) })
  }

  /// The negative of every element. Stops for Booleans.
  public static prefix func - (a: Tensor) -> Tensor {
    check(a.dtype != .bool, "negate: a tensor of bool; use .! or convert it")
    if !a.dtype.isFloatingPoint { return 0 - a }
    return a.map(lk_negate).recorded("negate", a.edge { -$0 })
  }
}
