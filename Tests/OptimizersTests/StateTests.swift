import Diagnostics
import Optimizers
import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct StateTests {
  private func parameters() -> [Tensor] {
    [gridValues([3, 2], seed: 1), gridValues([2], seed: 2)].map { tensor in
      tensor.requiresGrad = true
      return tensor
    }
  }

  private func named(_ parameters: [Tensor]) -> NamedParameters {
    zip(["head.weight", "head.bias"], parameters).map { (name: $0, tensor: $1) }
  }

  @Test func keysArePathsAndNames() {
    let parameters = parameters()
    let optimizer = AdamW(parameters, learningRate: 0.25)
    for parameter in parameters { parameter.grad = .ones(parameter.shape) }
    optimizer.step()
    parameters[1].grad = nil
    optimizer.step()
    let state = optimizer.state(naming: named(parameters).reversed())
    #expect(state.optimizer == "AdamW")
    #expect(
      state.numbers == ["learning_rate": 0.25, "head.weight.step": 2, "head.bias.step": 1])
    #expect(
      state.tensors.keys.sorted() == [
        "head.bias.exp_avg", "head.bias.exp_avg_sq", "head.weight.exp_avg",
        "head.weight.exp_avg_sq",
      ])
    expectClose(state.tensors["head.bias.exp_avg"]?.floats ?? [], to: [0.1, 0.1])
    expectClose(
      state.tensors["head.weight.exp_avg"]?.floats ?? [], to: .init(repeating: 0.19, count: 6))
    #expect(optimizer.state.tensors.keys.sorted()[0] == "0.exp_avg")
    #expect(SGD(parameters, learningRate: 1).state.tensors.isEmpty)
  }

  /// Groups order parameters, names find them: a model whose groups were cut differently can go on.
  @Test func groupsDoNotChangeKeys() throws {
    let parameters = parameters()
    let names = named(parameters)
    let whole = SGD(parameters, learningRate: 0.1, momentum: 0.9)
    for parameter in parameters { parameter.grad = parameter * 2 }
    whole.step()
    let groups = [ParameterGroup([parameters[1]]), ParameterGroup([parameters[0]], weightDecay: 1)]
    let grouped = SGD(groups, learningRate: 0.1, momentum: 0.9)
    try grouped.load(state: whole.state(naming: names), naming: names)
    let (a, b) = (whole.state(naming: names), grouped.state(naming: names))
    #expect(a.numbers == b.numbers)
    #expect(a.tensors.mapValues(\.floats) == b.tensors.mapValues(\.floats))
  }

  @Test(arguments: [
    ("missing: 1.exp_avg", 0), ("unexpected: 2.exp_avg, 3.step", 1),
    ("0.exp_avg is float32 [2, 3] instead of float32 [3, 2]", 2),
    ("1.exp_avg_sq is int64 [2] instead of float32 [2]", 3),
    ("1.step is 1.5 instead of a number of steps", 4),
    ("learning_rate is nan instead of a rate that is not negative", 5),
    ("the state is of Adam, but AdamW is to go on from it", 6), ("\\u{1B}[2J", 7),
  ])
  func aStateThatDoesNotFitIsRefused(_ sentence: String, _ kind: Int) {
    let parameters = parameters()
    let optimizer = AdamW(parameters)
    for parameter in parameters { parameter.grad = .ones(parameter.shape) }
    optimizer.step()
    let kept = optimizer.state
    var state = OptimizerState(
      optimizer: kept.optimizer, tensors: kept.tensors.mapValues { $0 * 2 },
      numbers: kept.numbers.mapValues { $0 * 2 })
    switch kind {
    case 0: state.tensors["1.exp_avg"] = nil
    case 1:
      state.tensors["2.exp_avg"] = .zeros([1])
      state.numbers["3.step"] = 1
    case 2: state.tensors["0.exp_avg"] = .zeros([2, 3])
    case 3: state.tensors["1.exp_avg_sq"] = .zeros([2], .int64)
    case 4: state.numbers["1.step"] = 1.5
    case 5: state.numbers["learning_rate"] = .nan
    case 6: state.optimizer = "Adam"
    default: state.numbers["\u{1B}[2J"] = 1
    }
    let before = optimizer.state.tensors.mapValues(\.floats)
    let error = #expect(throws: OptimizerStateError.self) { try optimizer.load(state: state) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    #expect(error?.exitCode == .badData)
    #expect(optimizer.state.tensors.mapValues(\.floats) == before, "nothing is changed")
    #expect(optimizer.state.numbers == kept.numbers)
  }

  @Test(arguments: [
    ("AdamW: parameter 1 of shape [2] is not among the 1 that were named for its state", 0),
    ("AdamW: two parameters have the same name for their state", 1),
  ])
  func namesMustFit(_ sentence: String, _ kind: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [kind] in
      let suite = StateTests()
      let parameters = suite.parameters()
      let names =
        kind == 0
        ? Array(suite.named(parameters)[..<1]) : parameters.map { (name: "w", tensor: $0) }
      _ = AdamW(parameters).state(naming: names)
    }
    expectMessage(sentence, of: result)
  }
}
