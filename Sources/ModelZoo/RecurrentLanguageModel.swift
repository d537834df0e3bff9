public import Lockstep

/// A recurrent network that predicts the next token: a vector for each token, layers of `RNN` or
/// `LSTM`, and a linear head.
public final class RecurrentLanguageModel: Module, Layer {
  /// What carries the state from token to token.
  public enum Cell: Sendable {
    /// `tanh(W x + U h + b)`.
    case rnn
    /// Long short-term memory.
    case lstm
  }

  /// A vector for each token.
  public let tokens: Embedding
  /// The layers, if they are `RNN`.
  public let rnn: RNN?
  /// The layers, if they are `LSTM`.
  public let lstm: LSTM?
  /// From a state to the logits.
  public let head: Linear

  /// By default two layers of 256 units over vectors of 128 features.
  public init(
    _ cell: Cell, vocabulary: Int, features: Int = 128, hidden: Int = 256, layers: Int = 2,
    generator: Generator = .default
  ) {
    tokens = Embedding(vocabulary, features, generator: generator)
    rnn =
      cell == .rnn
      ? RNN(features, hidden, layers: layers, batchFirst: true, generator: generator) : nil
    lstm =
      cell == .lstm
      ? LSTM(features, hidden, layers: layers, batchFirst: true, generator: generator) : nil
    head = Linear(hidden, vocabulary, generator: generator)
  }

  /// Logits `[samples, time, vocabulary]` of the token after each of `input` `[samples, time]`,
  /// from a state of zeros.
  public func forward(_ input: Tensor) -> Tensor {
    let x = tokens(input)
    return head(lstm?(x).output ?? rnn?(x).output ?? x)
  }
}
