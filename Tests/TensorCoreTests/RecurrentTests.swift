import Kernels
import TensorCore
import TestSupport
import Testing

/// The operation of which recurrent layers are made; the layers are tested with PyTorch's numbers.
@Suite(.serialized) struct RecurrentTests {
  /// Gates, weight, bias and states for `cell`: 3 steps of 2 rows of 4 units.
  private func inputs(_ cell: RecurrentCell) -> [Tensor] {
    let width = 4 * cell.gates
    let shapes: [Shape] =
      [[3, 2, width], [width, 4], [width]] + Array(repeating: [2, 4], count: cell.states)
    return shapes.enumerated().map { gridValues($1, in: -1...1, seed: UInt64($0 + 1)) }
  }

  @Test(arguments: [RecurrentCell.tanh, .lstm, .gru], [false, true])
  func gradientsAreSlopes(cell: RecurrentCell, isReversed: Bool) {
    checkGradients(at: inputs(cell)) {
      recurrent(cell, $0[0], $0[1], $0[2], from: Array($0[3...]), isReversed: isReversed)
    }
    checkGradients(at: inputs(cell)) {
      recurrent(cell, $0[0], $0[1], nil, from: Array($0[3...]), isReversed: isReversed)
    }
  }

  @Test(arguments: [RecurrentCell.tanh, .relu, .lstm, .gru])
  func reversedIsForwardOnFlippedSteps(cell: RecurrentCell) {
    let all = inputs(cell)
    let order = Tensor([2, 1, 0] as [Int64])
    let flipped = all[0].indexSelected(order, axis: 0)
    let forward = recurrent(cell, flipped, all[1], all[2], from: Array(all[3...]))
    let backward = recurrent(
      cell, all[0], all[1], all[2], from: Array(all[3...]), isReversed: true)
    #expect(backward.floats == forward.indexSelected(order, axis: 1).floats)
  }

  /// Gradients are handed out once per pass, and computed anew for the next.
  @Test func aGraphThatIsKeptCanBeUsedTwice() {
    let all = inputs(.gru)
    for tensor in all { tensor.requiresGrad = true }
    let loss = recurrent(.gru, all[0], all[1], all[2], from: [all[3]]).squared().sum()
    loss.backward(retainGraph: true)
    let once = all.map { $0.grad?.floats ?? [] }
    loss.backward()
    for (tensor, once) in matched(all, once) {
      #expect(tensor.grad?.floats == once.map { 2 * $0 })
    }
  }

  @Test func aStateThatIsChangedInPlaceStopsBackward() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let weight = Tensor.ones([4, 4])
      weight.requiresGrad = true
      let start = Tensor.zeros([2, 4])
      let states = recurrent(.tanh, .zeros([3, 2, 4]), weight, nil, from: [start])
      start.fill(1)
      states.sum().backward()
    }
    expectMessage("backward: recurrent: a value of shape [2, 4]", of: result)
  }

  @Test func operandsThatDoNotFitStop() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = recurrent(.lstm, .zeros([3, 2, 16]), .zeros([16, 4]), nil, from: [.zeros([2, 4])]) }
    expectMessage(
      "recurrent: gates [3, 2, 16], weight [16, 4], bias [] and states [[2, 4]] do not fit",
      of: result)
  }
}
