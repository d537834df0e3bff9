import Diagnostics
import Kernels
public import TensorCore

/// What `RNNCell`, `LSTMCell` and `GRUCell` share.
public class RecurrentStepper: Module {
  private let cell: RecurrentCell
  private let weights: RecurrentWeights

  init(
    _ cell: RecurrentCell, _ inputSize: Int, _ hiddenSize: Int, _ bias: Bool,
    _ generator: Generator
  ) {
    self.cell = cell
    weights = RecurrentWeights(cell, inputSize, hiddenSize, bias, generator)
  }

  /// The weights under PyTorch's names.
  public override func namedOwnTensors() -> [(name: String, tensor: Tensor)] { weights.named }

  /// The states, each `[batch, hidden]`, after one step; each `[hidden]` of one input `[inputs]`.
  func step(_ input: Tensor, from start: [Tensor]?) -> [Tensor] {
    var states: [Tensor]
    if input.axisCount == 1 {
      states = stepBatch(input.unsqueezed(0), from: start?.map { $0.unsqueezed(0) })
      states = states.map { $0.squeezed(0) }
    } else {
      states = stepBatch(input, from: start)
    }
    notifyForwardHooks(states)
    return states
  }

  private func stepBatch(_ input: Tensor, from start: [Tensor]?) -> [Tensor] {
    let (inputs, hidden) = (weights.weightIh.shape[1], weights.weightHh.shape[1])
    check(
      input.axisCount == 2 && input.shape[1] == inputs,
      "\(type(of: self)): an input of shape \(input.shape); expected [batch, \(inputs)]")
    let shape: Shape = [input.shape[0], hidden]
    for state in start ?? [] {
      check(
        state.shape == shape,
        "\(type(of: self)): a state of shape \(state.shape); expected \(shape)")
    }
    let all = weights.run(cell, input.unsqueezed(0), from: start)
    return cell.states == 1 ? [all.reshaped(shape)] : all.squeezed(1).unstacked()
  }
}
