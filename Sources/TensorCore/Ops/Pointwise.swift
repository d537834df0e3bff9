import CKernels

extension Tensor {
  /// e to the power of every element.
  public func exp() -> Tensor {
    let y = map(lk_exp, "exp")
    return y.recorded("exp", [edge { [y = Saved(y)] gradient in gradient * y.value }])
  }

  /// The natural logarithm of every element; -infinity at 0, NaN below.
  public func log() -> Tensor {
    map(lk_log, "log").recorded("log", [edge { [x = Saved(self)] gradient in gradient / x.value }])
  }

  /// The square root of every element; NaN below 0.
  public func squareRoot() -> Tensor {
    let y = map(lk_sqrt, "squareRoot")
    return y.recorded(
      "squareRoot", [edge { [y = Saved(y)] gradient in gradient / (y.value * 2) }])
  }
}
