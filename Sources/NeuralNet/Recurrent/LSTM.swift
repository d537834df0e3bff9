import Kernels
public import TensorCore

/// Long short-term memory: `i, f, o = sigmoid(…)`, `g = tanh(…)` of `W_ih x + b_ih + W_hh h + b_hh`,
/// whose rows are those of i, f, g, o; `c' = f c + i g`, `h' = o tanh(c')`. Hochreiter and
/// Schmidhuber, 1997.
public final class LSTM: RecurrentNetwork {
  /// A network of `inputSize` features and states of `hiddenSize` units.
  ///
  /// - Parameters:
  ///   - layers: How many layers lie one above the other.
  ///   - bias: Whether there are biases.
  ///   - batchFirst: Whether inputs and outputs are `[batch, steps, …]` instead of `[steps, batch, …]`.
  ///   - dropout: The probability with which the outputs of all layers but the last are dropped in training.
  ///   - bidirectional: Whether each layer runs in both directions; the outputs lie side by side.
  ///   - generator: What weights and dropout are drawn from; by default the default generator,
  ///     for dropout that of the time of the call.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, layers: Int = 1, bias: Bool = true,
    batchFirst: Bool = false, dropout: Float = 0, bidirectional: Bool = false,
    generator: Generator? = nil
  ) {
    super.init(
      .lstm, inputSize, hiddenSize, layers, bias, batchFirst, dropout, bidirectional, generator)
  }

  /// The outputs of the last layer for `input`, and the states of all layers after their last step.
  ///
  /// - Parameters:
  ///   - input: `[steps, batch, inputs]`, or `[batch, steps, inputs]` if batch comes first; one sequence has no axis for the
  ///     batch, nor have its results.
  ///   - state: Hidden and cell states before the first step, both `[layers · directions, batch,
  ///     hidden]`; zeros if not given.
  /// - Returns: `output` like the input, with directions · hidden features; `state` like the parameter.
  public func callAsFunction(
    _ input: Tensor, _ state: (hidden: Tensor, cell: Tensor)? = nil
  ) -> (output: Tensor, state: (hidden: Tensor, cell: Tensor)) {
    let results = run(input, from: state.map { [$0.hidden, $0.cell] })
    return (results.output, (results.states[0], results.states[1]))
  }
}

/// One step of a layer of `LSTM`, for loops of one's own. Its weights are called `weight_ih`,
/// `weight_hh`, `bias_ih` and `bias_hh`.
public final class LSTMCell: RecurrentStepper {
  /// A step from `inputSize` features and a state of `hiddenSize` units.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true,
    generator: Generator = .default
  ) {
    super.init(.lstm, inputSize, hiddenSize, bias, generator)
  }

  /// The states after a step, each `[batch, hidden]`, from `input` `[batch, inputs]` and `state`;
  /// zeros if not given.
  public func callAsFunction(
    _ input: Tensor, _ state: (hidden: Tensor, cell: Tensor)? = nil
  ) -> (hidden: Tensor, cell: Tensor) {
    let states = step(input, from: state.map { [$0.hidden, $0.cell] })
    return (states[0], states[1])
  }
}
