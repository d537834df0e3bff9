import Elements

extension Tensor {
  /// The type of an operation's result on `a` and `b`, by PyTorch's rules: the larger type, but a
  /// scalar tensor counts only where it is of a higher kind (floats over integers over booleans).
  static func promotedType(_ a: Tensor, _ b: Tensor) -> DType {
    if a.dtype == b.dtype { return a.dtype }
    if (a.axisCount == 0) != (b.axisCount == 0), a.dtype.kind == b.dtype.kind {
      return a.axisCount == 0 ? b.dtype : a.dtype
    }
    if (a.axisCount == 0) != (b.axisCount == 0) {
      let (scalar, other) = a.axisCount == 0 ? (a.dtype, b.dtype) : (b.dtype, a.dtype)
      return scalar.kind < other.kind ? other : scalar
    }
    return a.dtype.promoted(with: b.dtype)
  }
}

extension DType {
  /// 0 for booleans, 1 for integers, 2 for floats.
  var kind: Int { isFloatingPoint ? 2 : (self == .bool ? 0 : 1) }
}
