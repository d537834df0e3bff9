import Diagnostics
import Kernels
public import TensorCore

/// What `RNN`, `LSTM` and `GRU` share: layers one above the other, each in one or both directions,
/// over whole sequences.
///
/// For layer k the weights are called `weight_ih_lk` `[gates · hidden, inputs]`, `weight_hh_lk`
/// `[gates · hidden, hidden]`, `bias_ih_lk` and `bias_hh_lk`, and with `_reverse` at the end for
/// the other direction, as in PyTorch. All start uniform in ±1/√hidden.
public class RecurrentNetwork: Module {
  private let cell: RecurrentCell
  private let inputSize: Int
  private let hiddenSize: Int
  private let directions: Int
  private let isBatchFirst: Bool
  private let dropProbability: Float
  private let generator: Generator?
  /// Layer by layer, the forward direction first.
  private let weights: [RecurrentWeights]

  init(
    _ cell: RecurrentCell, _ inputSize: Int, _ hiddenSize: Int, _ layers: Int, _ bias: Bool,
    _ batchFirst: Bool, _ dropout: Float, _ bidirectional: Bool, _ generator: Generator?
  ) {
    self.cell = cell
    (self.inputSize, self.hiddenSize) = (inputSize, hiddenSize)
    directions = bidirectional ? 2 : 1
    isBatchFirst = batchFirst
    dropProbability = dropout
    self.generator = generator
    let directions = directions
    weights = (0..<Swift.max(0, layers * directions)).map { index in
      RecurrentWeights(
        cell, index < directions ? inputSize : hiddenSize * directions, hiddenSize, bias,
        generator ?? .default)
    }
    super.init()
    check(layers > 0, "\(type(of: self)): \(layers) layers; there must be one at least")
    requireProbability("recurrent dropout", dropout)
  }

  /// The weights under PyTorch's names.
  public override func namedOwnTensors() -> [(name: String, tensor: Tensor)] {
    weights.enumerated().flatMap { index, weights in
      let suffix = "_l\(index / directions)" + (index % directions == 1 ? "_reverse" : "")
      return weights.named.map { ($0.name + suffix, $0.tensor) }
    }
  }

  /// The last layer's outputs, and each state of all layers after their last steps, `[layers ·
  /// directions, batch, hidden]`; one sequence `[steps, inputs]` is a batch of one, whose axis the
  /// results do not have.
  func run(_ input: Tensor, from start: [Tensor]?) -> (output: Tensor, states: [Tensor]) {
    var results: (output: Tensor, states: [Tensor])
    if input.axisCount == 2 {
      let axis = isBatchFirst ? 0 : 1
      results = runBatch(input.unsqueezed(axis), from: start?.map { $0.unsqueezed(1) })
      results = (results.output.squeezed(axis), results.states.map { $0.squeezed(1) })
    } else {
      results = runBatch(input, from: start)
    }
    notifyForwardHooks([results.output] + results.states)
    return results
  }

  private func runBatch(
    _ input: Tensor, from start: [Tensor]?
  ) -> (output: Tensor, states: [Tensor]) {
    check(
      input.axisCount == 3 && input.shape[2] == inputSize,
      """
      \(type(of: self)): an input of shape \(input.shape); expected \
      [\(isBatchFirst ? "batch, steps" : "steps, batch"), \(inputSize)]
      """)
    var x = isBatchFirst ? input.transposed(0, 1) : input
    check(x.shape[0] > 0, "\(type(of: self)): an input of shape \(input.shape) has no steps")
    let shape: Shape = [weights.count, x.shape[1], hiddenSize]
    for state in start ?? [] {
      check(
        state.shape == shape,
        "\(type(of: self)): a first state of shape \(state.shape); expected \(shape)")
    }
    var states: [[Tensor]] = Array(repeating: [], count: cell.states)
    for layer in 0..<(weights.count / directions) {
      if layer > 0 {
        x = dropout(
          x, probability: dropProbability, isTraining: isTraining, generator: generator ?? .default)
      }
      let outputs = (0..<directions).map { direction in
        let index = layer * directions + direction
        let first = start.map { $0.map { $0[index] } }
        let all = weights[index].run(cell, x, from: first, isReversed: direction == 1)
        for state in 0..<cell.states { states[state].append(all[state][direction == 1 ? 0 : -1]) }
        return all[0]
      }
      x = outputs.count == 1 ? outputs[0] : cat(outputs, axis: 2)
    }
    return (isBatchFirst ? x.transposed(0, 1) : x, states.map { stack($0) })
  }
}

/// The weights of one layer in one direction.
struct RecurrentWeights {
  let weightIh: Tensor
  let weightHh: Tensor
  let biasIh: Tensor?
  let biasHh: Tensor?

  init(
    _ cell: RecurrentCell, _ inputs: Int, _ hidden: Int, _ bias: Bool, _ generator: Generator
  ) {
    check(
      inputs > 0 && hidden > 0,
      "recurrent layer: \(inputs) inputs and \(hidden) hidden units; both must be positive")
    let (bound, gates) = (uniformBound(hidden), cell.gates * hidden)
    weightIh = .uniformParameter([gates, inputs], within: bound, generator)
    weightHh = .uniformParameter([gates, hidden], within: bound, generator)
    biasIh = bias ? .uniformParameter([gates], within: bound, generator) : nil
    biasHh = bias ? .uniformParameter([gates], within: bound, generator) : nil
  }

  /// The weights under PyTorch's names.
  var named: [(name: String, tensor: Tensor)] {
    let all = [
      ("weight_ih", weightIh), ("weight_hh", weightHh), ("bias_ih", biasIh), ("bias_hh", biasHh),
    ]
    return all.compactMap { name, tensor in tensor.map { (name, $0) } }
  }

  /// The states after every step of `input` `[steps, batch, inputs]`, `[states, steps, batch,
  /// hidden]`; from zeros where there is no `start`.
  func run(
    _ cell: RecurrentCell, _ input: Tensor, from start: [Tensor]?, isReversed: Bool = false
  ) -> Tensor {
    let zeros = { Tensor.zeros([input.shape[1], weightHh.shape[1]]) }
    return recurrent(
      cell, linear(input, weightIh, biasIh), weightHh, biasHh,
      from: start ?? (0..<cell.states).map { _ in zeros() }, isReversed: isReversed)
  }
}
