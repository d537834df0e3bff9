import NeuralNet
import TensorCore
import TestSupport
import Testing

class Base: Module {
  let scale = Tensor.ones([2])
  let inner = Linear(2, 3)
}

final class Derived: Base {
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

  @Test func partsAreFoundInCollectionsOfAllKinds() {
    final class Model: Module {
      let stack: [any Layer] = [Linear(1, 1, bias: false), ReLU(), PReLU()]
      let grid = [[Tensor.ones([1])], [], [.ones([2]), .ones([3])]]
      let gaps: [Linear?] = [nil, Linear(1, 1, bias: false)]
      let pair = (leftHand: Tensor.ones([4]), 3, Linear(1, 1, bias: false))
      let table = ["b": Linear(1, 1, bias: false), "aB": Linear(1, 1, bias: false)]
      let numbers = [1, 2, 3]
      let byNumber = [1: "one"]
    }
    #expect(
      Model().namedTensors().map(\.name) == [
        "grid.0.0", "grid.2.0", "grid.2.1", "pair.left_hand", "stack.0.weight", "stack.2.weight",
        "gaps.1.weight", "pair.2.weight", "table.aB.weight", "table.b.weight",
      ])
  }

  @Test func whatRequiresAGradientIsAParameter() {
    let model = Derived()
    #expect(model.namedBuffers().map(\.name) == ["scale", "step", "gains.0", "gains.1"])
    #expect(model.parameters().count == 13)
    model.scale.requiresGrad = true
    #expect(model.namedParameters().first?.name == "scale")
    #expect(model.namedParameters().first?.tensor === model.scale)
    #expect(model.namedBuffers().map(\.name) == ["step", "gains.0", "gains.1"])
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

  @Test func namesAreThoseOfPyTorch() {
    let names = [
      "weight": "weight", "linear1": "linear1", "runningMean": "running_mean",
      "weightIh": "weight_ih", "weightIhL0Reverse": "weight_ih_l0_reverse",
      "outputURL": "output_url", "mlpURLHead": "mlp_url_head", "h_0": "h_0", "W": "W",
      "conv2D": "conv2_d", "_hidden": "_hidden", "tokenEmbedding": "token_embedding",
    ]
    for (property, name) in names { #expect(stateName(of: property) == name) }
    final class Model: Module {
      let tokenEmbedding = Embedding(3, 2)
      let finalNorms = [LayerNorm(2, bias: false)]
      let pointScale = Tensor.ones([1])
    }
    #expect(
      Model().namedTensors().map(\.name) == [
        "point_scale", "token_embedding.weight", "final_norms.0.weight",
      ])
  }

  @Test func modulesAreFoundOnceUnderTheirFirstPath() {
    let model = Tied()
    #expect(model.namedModules().map(\.name) == ["", "first"])
    #expect(model.namedChildren().map(\.name) == ["first", "second"])
    #expect(model.children().count == 1 && model.modules().first === model)
    #expect(
      Derived().namedModules().map(\.name) == [
        "", "inner", "blocks.0", "blocks.1", "list", "list.0", "optional", "stack", "stack.0",
        "stack.1", "stack.2",
      ])
  }

  @Test func applyVisitsAModuleAfterWhatItHolds() {
    let model = Sequential(Linear(1, 1), Sequential(ReLU(), Tanh()))
    var visited: [String] = []
    model.apply { visited.append("\(type(of: $0))") }
    #expect(visited == ["Linear", "ReLU", "Tanh", "Sequential", "Sequential"])
    let tied = Tied()
    var count = 0
    tied.apply { _ in count += 1 }
    #expect(count == 2)
  }

  @Test func headsAreTiedToEmbeddings() {
    final class Model: Module {
      let embedding = Embedding(5, 3, generator: Generator(seed: 1))
      let head: Linear
      override init() { head = Linear(weight: embedding.weight) }
    }
    let model = Model()
    #expect(model.namedParameters().map(\.name) == ["embedding.weight"])
    #expect(model.namedTensors().map(\.name) == ["embedding.weight", "head.weight"])
    let indices = Tensor([Int64(1), 4])
    model.head(model.embedding(indices)).sum().backward()
    // Of sum over i, v of e_i e_v: every row gets the sum of the chosen ones, a chosen one the sum
    // of all, too.
    let weight = model.embedding.weight.detached()
    let chosen = weight.indexSelected(indices, axis: 0).sum(axis: 0)
    let expected = `where`(
      (oneHot(indices, classes: 5).sum(axis: 0) .> 0).unsqueezed(1),
      chosen + weight.sum(axis: 0), chosen)
    expectClose(model.embedding.weight.grad ?? .zeros([]), to: expected)
  }
}
