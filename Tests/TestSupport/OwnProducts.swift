import TensorCore
public import Testing

extension Trait where Self == ConditionTrait {
  /// For tests of the bits of products, which our own kernels promise and OpenBLAS does not.
  public static var ownProducts: Self {
    .enabled(if: !MatrixProducts.areByOpenBLAS, "OpenBLAS does not promise the same bits")
  }
}
