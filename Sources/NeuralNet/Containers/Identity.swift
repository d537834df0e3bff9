public import TensorCore

/// A layer that does nothing, to stand where a model has a choice.
public final class Identity: Module, Layer {
  /// `input` itself, not a copy.
  public func forward(_ input: Tensor) -> Tensor { input }
}
