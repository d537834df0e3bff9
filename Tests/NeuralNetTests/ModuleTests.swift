import NeuralNet
import TensorCore
import TestSupport
import Testing

private class Base: Module {
  let scale = Tensor.ones([2])
  let inner = Linear(2, 3)
}

private final class Derived: Base {
  let blocks = [Linear(3, 3), Linear(3, 4, bias: false)]
  let list: ModuleList = [Linear(4, 4)]
  let optional: Linear? = Linear(1, 1)
  let absent: Linear? = nil
  let stack = Sequential(Linear(4, 4), ReLU(), Linear(4, 2))
  let steps = 3
  let name = "not a tensor"
  let none: [Int] = []
  var step = Tensor(Int32(0))
  let maybe: Tensor? = nil
  let gains = [Tensor.ones([1]), Tensor.ones([2])]
}

private final class Tied: Module {
  let first = Linear(3, 3)
  let second: Linear
  override init() {
    second = first
    super.init()
  }
}

@Suite struct ModuleTests {
  @Test func pathsFollowDeclarationsWithSuperclassesFirst() {
    #expect(
      Derived().namedTensors().map(\.name) == [
        "scale", "step", "gains.0", "gains.1", "inner.weight", "inner.bias", "blocks.0.weight",
        "blocks.0.bias",
        "blocks.1.weight", "list.0.weight", "list.0.bias", "optional.weight", "optional.bias",
        "stack.0.weight", "stack.0.bias", "stack.2.weight", "stack.2.bias",
      ])
  }

  @Test func whatRequiresAGradientIsAParameter() {
    let model = Derived()
    #expect(model.namedBuffers().map(\.name) == ["scale", "step", "gains.0", "gains.1"])
    #expect(model.parameters().count == 13)
    model.scale.requiresGrad = true
    #expect(model.namedParameters().first?.name == "scale")
    #expect(model.namedParameters().first?.tensor === model.scale)
    model.inner.weight.requiresGrad = false
    #expect(model.namedBuffers().map(\.name) == ["step", "gains.0", "gains.1", "inner.weight"])
  }

  @Test func tiedWeightsAreOneParameterUnderTwoPaths() {
    let model = Tied()
    #expect(model.namedParameters().map(\.name) == ["first.weight", "first.bias"])
    #expect(
      model.namedTensors().map(\.name) == [
        "first.weight", "first.bias", "second.weight", "second.bias",
      ])
  }

  @Test func trainingModeReachesAllModules() {
    let model = Derived()
    let parts = [
      model.inner, model.blocks[1], model.list, model.list[0], model.stack, model.stack.layers[1],
    ]
    #expect(model.isTraining && parts.allSatisfy { $0.isTraining })
    model.eval()
    #expect(!model.isTraining && parts.allSatisfy { !$0.isTraining })
    model.stack.train()
    #expect(!model.isTraining && model.stack.layers[1].isTraining && !model.inner.isTraining)
    model.train(true)
    #expect(parts.allSatisfy { $0.isTraining })
  }

  /// PyTorch's keys and values: Sequential(Linear, ReLU, Linear).
  @Test func sequentialIsPyTorchs() throws {
    let cases = try Fixture("layers").cases(of: "mlp")
    #expect(!cases.isEmpty)
    for example in cases {
      let sizes = try #require(try example.integers("sizes"))
      let model = Sequential(Linear(sizes[0], sizes[1]), ReLU(), Linear(sizes[1], sizes[2]))
      for (name, tensor) in model.namedTensors() {
        let stored = try example.requiredTensor("state/\(name)")
        #expect(stored.shape == tensor.shape)
        tensor.assign(stored)
      }
      let inputs = try example.inputs()
      inputs[0].requiresGrad = true
      let output = model(inputs[0])
      expectClose(output, to: try example.requiredTensor("output"), "\(example)")
      output.backward(gradient: try example.requiredTensor("cotangent"))
      for (name, tensor) in model.namedTensors() + [("", inputs[0])] {
        let key = name.isEmpty ? "gradient0" : "gradient/\(name)"
        let gradient = try #require(tensor.grad)
        expectClose(gradient, to: try example.requiredTensor(key), "\(example) \(key)")
      }
    }
  }
}

@Suite struct ModuleListTests {
  private let layers = (1...4).map { Linear($0, $0) }

  @Test func positionsCountFromEitherEnd() {
    let list = ModuleList(layers)
    #expect(list.count == 4)
    #expect(list[0] === layers[0] && list[3] === layers[3])
    #expect(list[-1] === layers[3] && list[-4] === layers[0])
    #expect(list.map { $0.weight.shape[0] } == [1, 2, 3, 4])
  }

  @Test func rangesShareModules() {
    let list = ModuleList(layers)
    #expect(list[1...].map { ObjectIdentifier($0) } == layers[1...].map { ObjectIdentifier($0) })
    #expect(list[..<2].count == 2 && list[2..<2].count == 0 && list[1...2].count == 2)
    #expect(list[1...].namedChildren().map(\.name) == ["0", "1", "2"])
  }

  @Test func elementsCanBeAddedAndReplaced() {
    let list = ModuleList<Linear>()
    list.append(layers[0])
    list.append(layers[1])
    list[-1] = layers[2]
    #expect(list.count == 2 && list[1] === layers[2])
    #expect(list.namedParameters().map(\.name) == ["0.weight", "0.bias", "1.weight", "1.bias"])
  }

  @Test func positionsOutsideStop() async {
    let index = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ModuleList([Linear(1, 1)])[1] }
    expectMessage("ModuleList: no position 1 in a list of 1", of: index)
    let range = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ModuleList([Linear(1, 1)])[0..<3] }
    expectMessage("ModuleList: positions 0..<3 of a list of 1", of: range)
  }
}
