public import TensorCore

/// `relu` as a layer.
public final class ReLU: Module, Layer {
  /// max(x, 0) of every element.
  public func forward(_ input: Tensor) -> Tensor { relu(input) }
}

/// `tanh` as a layer.
public final class Tanh: Module, Layer {
  /// The hyperbolic tangent of every element.
  public func forward(_ input: Tensor) -> Tensor { tanh(input) }
}

/// `sigmoid` as a layer.
public final class Sigmoid: Module, Layer {
  /// 1 / (1 + exp(-x)) of every element.
  public func forward(_ input: Tensor) -> Tensor { sigmoid(input) }
}

/// Joins all axes after the first: `[64, 1, 28, 28]` to `[64, 784]`.
public final class Flatten: Module, Layer {
  /// `input` with all axes after the first joined.
  public func forward(_ input: Tensor) -> Tensor { input.flattened(from: 1) }
}
