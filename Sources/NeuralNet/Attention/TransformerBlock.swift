import Diagnostics
public import TensorCore

/// A block of a transformer as in GPT: `x + attention(norm1(x))`, then `x + linear2(gelu(linear1(
/// norm2(x))))`, on `[batch, time, features]`.
///
/// Its weights are called as those of PyTorch's `nn.TransformerEncoderLayer(…, activation: "gelu",
/// batch_first=True, norm_first=True)`, which computes the same. Radford et al., 2019.
public final class TransformerBlock: Module, Layer {
  /// The attention of every step to all steps, or to those before it.
  public let selfAttn: MultiHeadAttention
  /// From the features to the hidden ones.
  public let linear1: Linear
  /// From the hidden features back.
  public let linear2: Linear
  /// Before the attention.
  public let norm1: LayerNorm
  /// Before the linear layers.
  public let norm2: LayerNorm
  private let isCausal: Bool
  private let drop: Dropout

  /// Stops unless `heads` divides `features`.
  ///
  /// - Parameters:
  ///   - hidden: Features between the linear layers; four times as many as outside by default.
  ///   - dropout: The probability with which attention, hidden features and both results are dropped in training.
  ///   - bias: Whether linear layers and norms have biases.
  ///   - isCausal: Whether a step sees itself and the steps before it only.
  ///   - generator: What weights and dropout are drawn from; by default the default generator,
  ///     for dropout that of the time of the call.
  public init(
    _ features: Int, heads: Int, hidden: Int? = nil, dropout: Float = 0, bias: Bool = true,
    isCausal: Bool = true, epsilon: Float = 1e-5, generator: Generator? = nil
  ) {
    let (hidden, source) = (hidden ?? 4 * features, generator ?? .default)
    selfAttn = MultiHeadAttention(
      features, heads: heads, dropout: dropout, bias: bias, batchFirst: true, generator: generator)
    linear1 = Linear(features, hidden, bias: bias, generator: source)
    linear2 = Linear(hidden, features, bias: bias, generator: source)
    norm1 = LayerNorm(features, epsilon: epsilon, bias: bias)
    norm2 = LayerNorm(features, epsilon: epsilon, bias: bias)
    self.isCausal = isCausal
    drop = Dropout(probability: dropout, generator: generator)
  }

  /// The block's result for `input`, of the same shape.
  public func forward(_ input: Tensor) -> Tensor {
    let normed = norm1(input)
    let x = input + drop(selfAttn(normed, normed, normed, isCausal: isCausal))
    return x + drop(linear2(drop(gelu(linear1(norm2(x))))))
  }
}
