import Kernels
public import TensorCore

/// What an `RNN` applies to its gate.
public enum RNNNonlinearity: Sendable {
  /// The hyperbolic tangent.
  case tanh
  /// max(x, 0).
  case relu
}

/// A recurrent network after Elman: `h' = tanh(W_ih x + b_ih + W_hh h + b_hh)` in every step.
public final class RNN: RecurrentNetwork {
  /// A network of `inputSize` features and states of `hiddenSize` units.
  ///
  /// - Parameters:
  ///   - layers: How many layers lie one above the other.
  ///   - nonlinearity: What is applied to the sum.
  ///   - bias: Whether there are biases.
  ///   - batchFirst: Whether inputs and outputs are `[batch, steps, …]` instead of `[steps, batch, …]`.
  ///   - dropout: The probability with which the outputs of all layers but the last are dropped in training.
  ///   - bidirectional: Whether each layer runs in both directions; the outputs lie side by side.
  ///   - generator: What weights and dropout are drawn from; by default the default generator,
  ///     for dropout that of the time of the call.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, layers: Int = 1, nonlinearity: RNNNonlinearity = .tanh,
    bias: Bool = true,
    batchFirst: Bool = false, dropout: Float = 0, bidirectional: Bool = false,
    generator: Generator? = nil
  ) {
    super.init(
      nonlinearity == .tanh ? .tanh : .relu, inputSize, hiddenSize, layers, bias, batchFirst,
      dropout, bidirectional, generator)
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

/// One step of a layer of `RNN`, for loops of one's own. Its weights are called `weight_ih`,
/// `weight_hh`, `bias_ih` and `bias_hh`.
public final class RNNCell: RecurrentStepper {
  /// A step from `inputSize` features and a state of `hiddenSize` units.
  public init(
    _ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, nonlinearity: RNNNonlinearity = .tanh,
    generator: Generator = .default
  ) {
    super.init(nonlinearity == .tanh ? .tanh : .relu, inputSize, hiddenSize, bias, generator)
  }

  /// The state after a step, `[batch, hidden]`, from `input` `[batch, inputs]` and `state` `[batch,
  /// hidden]`; zeros if not given.
  public func callAsFunction(_ input: Tensor, _ state: Tensor? = nil) -> Tensor {
    step(input, from: state.map { [$0] })[0]
  }
}
