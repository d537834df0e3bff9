public import Lockstep

/// A recurrent network as one writes it by hand: `h = tanh(Linear(cat(x_t, h)))`, `y_t =
/// Linear(h)`, unrolled in a plain loop over time.
public final class UnrolledRNN: Module {
  /// From an input and a state to the next state.
  public let hidden: Linear
  /// From a state to an output.
  public let output: Linear
  private let stateSize: Int

  /// A network from `inputs` values to `outputs` values a step, with a state of `stateSize` values.
  public init(inputs: Int, stateSize: Int, outputs: Int, generator: Generator = .default) {
    self.stateSize = stateSize
    hidden = Linear(inputs + stateSize, stateSize, generator: generator)
    output = Linear(stateSize, outputs, generator: generator)
  }

  /// The outputs `[samples, outputs]` of every step of `sequence` `[steps, samples, inputs]`,
  /// starting from a state of zeros.
  public func callAsFunction(_ sequence: Tensor) -> [Tensor] {
    var h = Tensor.zeros([sequence.shape[1], stateSize], sequence.dtype)
    var outputs: [Tensor] = []
    for t in 0..<sequence.shape[0] {
      h = tanh(hidden(cat([sequence[t], h], axis: 1)))
      outputs.append(output(h))
    }
    return outputs
  }
}
