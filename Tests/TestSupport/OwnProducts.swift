import TensorCore
public import Testing

extension Trait where Self == ConditionTrait {
  /// For tests of what our own kernels promise of products and OpenBLAS does not: the bits, and the
  /// error of very long sums.
  public static var ownProducts: Self {
    .enabled(if: !MatrixProducts.areByOpenBLAS, "OpenBLAS does not promise it")
  }
}
