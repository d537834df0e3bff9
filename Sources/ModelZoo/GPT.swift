public import Lockstep

/// The sizes of a `GPT`.
public struct GPTConfiguration: Sendable {
  /// How many different tokens there are.
  public var vocabulary: Int
  /// The most tokens that it sees at a time.
  public var context: Int
  /// How many blocks lie one above the other.
  public var layers: Int
  /// Heads of attention in each block.
  public var heads: Int
  /// Features of each token.
  public var width: Int
  /// The probability with which features are dropped in training.
  public var dropout: Float
  /// Whether linear layers and norms have biases.
  public var bias: Bool

  /// By default nanoGPT's recipe for a CPU: 4 layers of 4 heads, 128 features, a context of 64, no
  /// dropout, no biases.
  public init(
    vocabulary: Int, context: Int = 64, layers: Int = 4, heads: Int = 4, width: Int = 128,
    dropout: Float = 0, bias: Bool = false
  ) {
    (self.vocabulary, self.context, self.layers) = (vocabulary, context, layers)
    (self.heads, self.width, self.dropout, self.bias) = (heads, width, dropout, bias)
  }
}

/// A transformer that predicts the next token, as GPT-2 (Radford et al., 2019) in the form that
/// nanoGPT gave it; the head is the table of tokens.
public final class GPT: Module, Layer {
  /// A vector for each token; also the head.
  public let tokens: Embedding
  /// A vector for each position.
  public let positions: Embedding
  /// The blocks, from the input to the output.
  public let blocks: ModuleList<TransformerBlock>
  /// After the last block.
  public let norm: LayerNorm
  private let dropout: Dropout
  private let context: Int

  /// Weights start normal with a deviation of 0.02, those that a block adds to its input with
  /// 0.02 / √(2 · layers), biases at 0.
  public init(_ configuration: GPTConfiguration, generator: Generator = .default) {
    let width = configuration.width
    context = configuration.context
    tokens = Embedding(configuration.vocabulary, width, generator: generator)
    positions = Embedding(configuration.context, width, generator: generator)
    blocks = ModuleList(
      (0..<configuration.layers).map { _ in
        TransformerBlock(
          width, heads: configuration.heads, dropout: configuration.dropout,
          bias: configuration.bias, generator: generator)
      })
    norm = LayerNorm(width, bias: configuration.bias)
    dropout = Dropout(probability: configuration.dropout)
    super.init()
    let deviation: Float = 0.02
    let narrow = deviation / Float(2 * configuration.layers).squareRoot()
    noGrad {
      for (name, parameter) in namedParameters() where !name.contains("norm") {
        guard parameter.axisCount > 1 else {
          parameter.fill(0)
          continue
        }
        let isAdded = name.hasSuffix("out_proj.weight") || name.hasSuffix("linear2.weight")
        Initialization.normal(
          parameter, standardDeviation: isAdded ? narrow : deviation, generator: generator)
      }
    }
  }

  /// Logits `[samples, time, vocabulary]` of the token after each of `input` `[samples, time]`.
  /// Stops for more tokens than the context.
  public func forward(_ input: Tensor) -> Tensor {
    check(
      input.axisCount == 2 && input.shape[1] <= context,
      "GPT: an input of shape \(input.shape); expected [samples, time] of at most \(context) steps")
    var x = tokens(input) + positions.weight[0..<input.shape[1]]
    x = blocks.reduce(dropout(x)) { x, block in block(x) }
    return linear(norm(x), tokens.weight)
  }
}
