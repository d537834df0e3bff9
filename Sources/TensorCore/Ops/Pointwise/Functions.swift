import CKernels
import Diagnostics
import Elements

extension Tensor {
  /// A fresh result of a unary kernel, with a gradient computed from the input and the result.
  fileprivate func pointwise(
    _ name: StaticString, _ kernel: lk_unary, p: Float = 0, q: Float = 0,
    fromInput gradient: @escaping (_ gradient: Tensor, _ x: Tensor) -> Tensor
  ) -> Tensor {
    if let cast = Autocast(name) {
      return cast.run { cast(self).pointwise(name, kernel, p: p, q: q, fromInput: gradient) }
    }
    return map(kernel, p: p, q: q).recorded(
      name, stepwiseEdge { [x = Saved(self)] g in gradient(g, x.value.wide) })
  }

  fileprivate func pointwise(
    _ name: StaticString, _ kernel: lk_unary,
    fromResult gradient: @escaping (_ gradient: Tensor, _ y: Tensor) -> Tensor
  ) -> Tensor {
    if let cast = Autocast(name) {
      return cast.run { cast(self).pointwise(name, kernel, fromResult: gradient) }
    }
    let y = map(kernel)
    return y.recorded(name, stepwiseEdge { [y = Saved(y)] g in gradient(g, y.value.wide) })
  }

  /// e to the power of every element. Integers give float32.
  public func exp() -> Tensor { pointwise("exp", lk_exp, fromResult: { $0 * $1 }) }

  /// exp(x) - 1 of every element, precise near 0. Integers give float32.
  public func expm1() -> Tensor { pointwise("expm1", lk_expm1, fromResult: { $0 * ($1 + 1) }) }

  /// The natural logarithm of every element; -infinity at 0, NaN below. Integers give float32.
  public func log() -> Tensor { pointwise("log", lk_log, fromInput: { $0 / $1 }) }

  /// log(1 + x) of every element, precise near 0. Integers give float32.
  public func log1p() -> Tensor { pointwise("log1p", lk_log1p, fromInput: { $0 / ($1 + 1) }) }

  /// The logarithm to base 2 of every element. Integers give float32.
  public func log2() -> Tensor {
    pointwise("log2", lk_log2, fromInput: { $0 / ($1 * 0.693_147_18) })
  }

  /// The square root of every element; NaN below 0. Integers give float32.
  public func squareRoot() -> Tensor {
    pointwise("squareRoot", lk_sqrt, fromResult: { $0 / ($1 * 2) })
  }

  /// 1 / sqrt(x) of every element. Integers give float32.
  public func reciprocalSquareRoot() -> Tensor {
    pointwise("reciprocalSquareRoot", lk_rsqrt, fromResult: { $0 * $1 * $1 * $1 * -0.5 })
  }

  /// 1 / x of every element. Integers give float32.
  public func reciprocal() -> Tensor {
    pointwise("reciprocal", lk_reciprocal, fromInput: { -($0 / $1 / $1) })
  }

  /// The absolute value of every element; the gradient at 0 is 0.
  public func abs() -> Tensor {
    if dtype.isFloatingPoint {
      return pointwise("abs", lk_abs, fromInput: { $0 * $1.map(lk_sign) })
    }
    return dtype == .bool || dtype == .uint8 ? copied() : Tensor.maximum(self, -self)
  }

  /// -1, 0 or 1 for every element; 0 for NaN. Its gradient is 0.
  public func sign() -> Tensor {
    if dtype.isFloatingPoint { return step("sign", lk_sign) }
    return dtype == .bool
      ? copied() : (self .> 0).converted(to: dtype) - (self .< 0).converted(to: dtype)
  }

  /// The sine of every element, in radians. Integers give float32.
  public func sin() -> Tensor {
    pointwise("sin", lk_sin, fromInput: { $0 * $1.map(lk_cos) })
  }

  /// The cosine of every element, in radians. Integers give float32.
  public func cos() -> Tensor {
    pointwise("cos", lk_cos, fromInput: { -($0 * $1.map(lk_sin)) })
  }

  /// The error function of every element. Integers give float32.
  public func erf() -> Tensor {
    pointwise("erf", lk_erf, fromInput: { $0 * ((-$1.squared()).exp() * 1.128_379_2) })
  }

  /// The largest integer that is not above, for every element. Its gradient is 0. Integers stay as
  /// they are.
  public func floor() -> Tensor { dtype.isFloatingPoint ? step("floor", lk_floor) : copied() }

  /// The smallest integer that is not below, for every element. Its gradient is 0. Integers stay as
  /// they are.
  public func ceil() -> Tensor { dtype.isFloatingPoint ? step("ceil", lk_ceil) : copied() }

  /// The nearest integer for every element, halves to even. Its gradient is 0. Integers stay as
  /// they are.
  public func rounded() -> Tensor { dtype.isFloatingPoint ? step("rounded", lk_round) : copied() }

  /// Every element limited to `lower ... upper`; nil leaves that side open. Integers give float32.
  ///
  /// No gradient flows at or beyond the limits, nor at NaN. Where `lower` is above `upper`, every
  /// element becomes `upper`; where a limit is NaN, NaN. Stops where both are nil.
  public func clamped(from lower: Float? = nil, to upper: Float? = nil) -> Tensor {
    requireLimit(lower != nil || upper != nil)
    if lower?.isNaN ?? false || upper?.isNaN ?? false {
      return Tensor.full(shape, .nan, dtype.isFloatingPoint ? dtype : .float32)
        .recorded("clamped", edge { .zeros($0.shape, $0.dtype) })
    }
    // To the slope, an open side is NaN: an infinite element is not at its limit.
    let (p, q) = (lower ?? .nan, upper ?? .nan)
    return pointwise(
      "clamped", lk_clamp, p: lower ?? -.infinity, q: upper ?? .infinity,
      fromInput: { $0 * $1.map(lk_clamp_slope, p: p, q: q) })
  }

  /// Every element limited to `lower ... upper`; nil leaves that side open. Integers stay integers.
  ///
  /// No gradient flows at or beyond the limits, nor at NaN. Stops where both are nil.
  public func clamped(from lower: Int? = nil, to upper: Int? = nil) -> Tensor {
    requireLimit(lower != nil || upper != nil)
    if dtype.isFloatingPoint {
      return clamped(from: lower.map { Float($0) }, to: upper.map { Float($0) })
    }
    let raised = lower.map { Tensor.maximum(self, scalar($0)) } ?? copied()
    return upper.map { Tensor.minimum(raised, scalar($0)) } ?? raised
  }

  private func requireLimit(_ isGiven: Bool) {
    check(isGiven, "clamped: there is neither a lower nor an upper limit; give one")
  }

  /// A fresh result of a kernel whose slope is 0 wherever it has one.
  private func step(_ name: StaticString, _ kernel: lk_unary) -> Tensor {
    map(kernel).recorded(name, edge { .zeros($0.shape, $0.dtype) })
  }

  /// A fresh tensor with the same values, outside the graph.
  private func copied() -> Tensor {
    let copy = Tensor(uninitialized: shape, dtype)
    copy.assign(elementsOf: self)
    return copy
  }
}
