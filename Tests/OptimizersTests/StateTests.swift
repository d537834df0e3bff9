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
    #expect(state.optimizerName == "AdamW")
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

  /// What is changed in a state, and what is then said.
  private static let unfit: [(sentence: String, change: @Sendable (inout OptimizerState) -> Void)] =
    [
      ("missing: 1.exp_avg", { $0.tensors["1.exp_avg"] = nil }),
      (
        "unexpected: 2.exp_avg, 3.step",
        {
          $0.tensors["2.exp_avg"] = .zeros([1])
          $0.numbers["3.step"] = 1
        }
      ),
      (
        "0.exp_avg is float32 [2, 3] instead of float32 [3, 2]",
        { $0.tensors["0.exp_avg"] = .zeros([2, 3]) }
      ),
      (
        "1.exp_avg_sq is int64 [2] instead of float32 [2]",
        { $0.tensors["1.exp_avg_sq"] = .zeros([2], .int64) }
      ),
      ("1.step is 1.5 instead of a number of steps", { $0.numbers["1.step"] = 1.5 }),
      (
        "learning_rate is nan instead of a rate that is not negative",
        { $0.numbers["learning_rate"] = .nan }
      ),
      ("the state is of Adam, but AdamW is to go on from it", { $0.optimizerName = "Adam" }),
      ("\\u{1B}[2J", { $0.numbers["\u{1B}[2J"] = 1 }),
    ]

  @Test(arguments: unfit.indices) func aStateThatDoesNotFitIsRefused(_ index: Int) {
    let (sentence, change) = Self.unfit[index]
    let parameters = parameters()
    let optimizer = AdamW(parameters)
    for parameter in parameters { parameter.grad = .ones(parameter.shape) }
    optimizer.step()
    let kept = optimizer.state
    var state = OptimizerState(
      optimizerName: kept.optimizerName, tensors: kept.tensors.mapValues { $0 * 2 },
      numbers: kept.numbers.mapValues { $0 * 2 })
    change(&state)
    let before = optimizer.state.tensors.mapValues(\.floats)
    let error = #expect(throws: OptimizerStateError.self) { try optimizer.load(state: state) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    #expect(error?.exitCode == .badData)
    #expect(optimizer.state.tensors.mapValues(\.floats) == before, "nothing is changed")
    #expect(optimizer.state.numbers == kept.numbers)
  }

  private static let misuses: [Misuse] = [
    Misuse("AdamW: parameter 1 of shape [2] is not among the 1 that were named for its state") {
      let suite = StateTests()
      let parameters = suite.parameters()
      _ = AdamW(parameters).state(naming: Array(suite.named(parameters)[..<1]))
    },
    Misuse("AdamW: two parameters have the same name for their state") {
      let parameters = StateTests().parameters()
      _ = AdamW(parameters).state(naming: parameters.map { (name: "w", tensor: $0) })
    },
  ]

  @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in try Self.misuses[index].run() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
