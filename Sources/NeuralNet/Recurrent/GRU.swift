import Kernels
public import TensorCore

/// Gated recurrent units: `r, z = sigmoid(W_ih x + b_ih + W_hh h + b_hh)`, `n = tanh(W_in x + b_in + r
/// (W_hn h + b_hn))`, `h' = (1 - z) n + z h`; the rows of the weights are those of r, z, n. Cho et
/// al., 2014.
public final class GRU: RecurrentNetwork {
  /// Gated recurrent units of `inputSize` features and states of `hiddenSize` units.
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
      .gru, inputSize, hiddenSize, layers, bias, batchFirst, dropout, bidirectional, generator)
  }

  /// The outputs of the last layer for `input`, and the states of all layers after their last step.
  ///
  /// - Parameters:
  ///   - input: `[steps, batch, inputs]`, or `[batch, steps, inputs]` if batch comes first; one sequence has no axis for the
  ///     batch, nor have its results.
  ///   - state: The states before the first step, `[layers · directions, batch, hidden]`; zeros if
  ///     not given.
  /// - Returns: `output` like the input, with directions · hidden features; `state` like the parameter.
  public func callAsFunction(
    _ input: Tensor, _ state: Tensor? = nil
  ) -> (output: Tensor, state: Tensor) {
    let results = run(input, from: state.map { [$0] })
    return (results.output, results.states[0])
  }
}

/// One step of a layer of `GRU`, for loops of one's own. Its weights are called `weight_ih`,
/// `weight_hh`, `bias_ih` and `bias_hh`.
public final class GRUCell: RecurrentStepper {
  /// A step from `inputSize` features and a state of `hiddenSize` units.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true,
    generator: Generator = .default
  ) {
    super.init(.gru, inputSize, hiddenSize, bias, generator)
  }

  /// The state after a step, `[batch, hidden]`, from `input` `[batch, inputs]` and `state` `[batch,
  /// hidden]`; zeros if not given.
  public func callAsFunction(_ input: Tensor, _ state: Tensor? = nil) -> Tensor {
    step(input, from: state.map { [$0] })[0]
  }
}
