import Diagnostics
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

/// `silu` as a layer.
public final class SiLU: Module, Layer {
  /// x * sigmoid(x) of every element.
  public func forward(_ input: Tensor) -> Tensor { silu(input) }
}

/// `logSigmoid` as a layer.
public final class LogSigmoid: Module, Layer {
  /// log(sigmoid(x)) of every element.
  public func forward(_ input: Tensor) -> Tensor { logSigmoid(input) }
}

/// `hardsigmoid` as a layer.
public final class Hardsigmoid: Module, Layer {
  /// x / 6 + 1 / 2 limited to 0 ... 1, for every element.
  public func forward(_ input: Tensor) -> Tensor { hardsigmoid(input) }
}

/// `gelu` as a layer.
public final class GELU: Module, Layer {
  private let approximation: GELUApproximation

  /// Exact, or by an approximation.
  public init(approximation: GELUApproximation = .none) { self.approximation = approximation }

  /// x times the normal distribution function of x, for every element.
  public func forward(_ input: Tensor) -> Tensor { gelu(input, approximation: approximation) }
}

/// `leakyRelu` as a layer.
public final class LeakyReLU: Module, Layer {
  private let negativeSlope: Float

  /// With the slope `negativeSlope` where x is negative.
  public init(negativeSlope: Float = 0.01) { self.negativeSlope = negativeSlope }

  /// x where positive, and the slope times x elsewhere.
  public func forward(_ input: Tensor) -> Tensor {
    leakyRelu(input, negativeSlope: negativeSlope)
  }
}

/// `elu` as a layer.
public final class ELU: Module, Layer {
  private let alpha: Float

  /// With the limit -`alpha` on the left.
  public init(alpha: Float = 1) { self.alpha = alpha }

  /// x where positive, and alpha * (exp(x) - 1) elsewhere.
  public func forward(_ input: Tensor) -> Tensor { elu(input, alpha: alpha) }
}

/// `softplus` as a layer.
public final class Softplus: Module, Layer {
  private let (beta, threshold): (Float, Float)

  /// Linear where beta * x is above `threshold`.
  public init(beta: Float = 1, threshold: Float = 20) {
    (self.beta, self.threshold) = (beta, threshold)
  }

  /// log(1 + exp(beta * x)) / beta of every element.
  public func forward(_ input: Tensor) -> Tensor {
    softplus(input, beta: beta, threshold: threshold)
  }
}

/// `hardtanh` as a layer; `Hardtanh(minimum: 0, maximum: 6)` is PyTorch's `ReLU6`.
public final class Hardtanh: Module, Layer {
  private let (minimum, maximum): (Float, Float)

  /// With these limits. Stops unless `minimum` is below `maximum`.
  public init(minimum: Float = -1, maximum: Float = 1) {
    check(
      minimum < maximum, "Hardtanh: the minimum \(minimum) is not below the maximum \(maximum)")
    (self.minimum, self.maximum) = (minimum, maximum)
  }

  /// Every element limited to `minimum ... maximum`.
  public func forward(_ input: Tensor) -> Tensor {
    hardtanh(input, minimum: minimum, maximum: maximum)
  }
}

/// `softmax` as a layer.
public final class Softmax: Module, Layer {
  private let axis: Int

  /// Along `axis`; negative ones count from the end.
  public init(axis: Int = -1) { self.axis = axis }

  /// The exponentials of `input`, divided by their sum along the axis.
  public func forward(_ input: Tensor) -> Tensor { softmax(input, axis: axis) }
}

/// `logSoftmax` as a layer.
public final class LogSoftmax: Module, Layer {
  private let axis: Int

  /// Along `axis`; negative ones count from the end.
  public init(axis: Int = -1) { self.axis = axis }

  /// The logarithm of the softmax of `input` along the axis.
  public func forward(_ input: Tensor) -> Tensor { logSoftmax(input, axis: axis) }
}
