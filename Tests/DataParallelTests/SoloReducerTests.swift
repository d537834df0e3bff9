import Communication
import DataParallel
import NeuralNet
import Optimizers
import TensorCore
import Testing

private final class Network: Module {
  let first = Linear(5, 7, generator: Generator(seed: 1))
  let second = Linear(7, 3, generator: Generator(seed: 2))
  let unused = Linear(2, 2, generator: Generator(seed: 3))

  func loss() -> Tensor {
    let x = Tensor.normal([9, 5], generator: Generator(seed: 4))
    let targets = Tensor.randomIntegers([9], in: 0..<3, generator: Generator(seed: 5))
    return crossEntropy(second(tanh(first(x))), targets)
  }

  var gradients: [[Float]?] { parameters().map { $0.grad?.floats } }
}

@Suite struct SoloReducerTests {
  @Test func gradientsAreThoseOfAnOrdinaryRunBitForBit() {
    let (plain, attached) = (Network(), Network())
    attached.averageGradients(over: SoloCommunicator())
    for _ in 0..<2 {  // the second pass adds up
      for network in [plain, attached] { network.loss().backward() }
      #expect(attached.gradients == plain.gradients)
    }
    #expect(plain.gradients[4] == nil, "a parameter that is not used has no gradient")
  }

  @Test(arguments: ["SGD", "AdamW"])
  func trainingIsThatOfAnOrdinaryRunBitForBit(_ name: String) {
    let networks = [Network(), Network()]
    networks[1].averageGradients(over: SoloCommunicator())
    for network in networks {
      let parameters = network.first.parameters() + network.second.parameters()
      let optimizer: any Optimizer =
        name == "SGD"
        ? SGD(parameters, learningRate: 0.1, momentum: 0.9) : AdamW(parameters)
      for _ in 0..<10 {
        optimizer.zeroGrad()
        network.loss().backward()
        optimizer.step()
      }
    }
    let weights = networks.map { $0.parameters().map(\.floats) }
    #expect(weights[0] == weights[1])
  }

  @Test func whatWasFrozenForAWhileIsAveragedAgain() {
    let world = SoloCommunicator()
    let network = Network()
    network.averageGradients(over: world)
    network.loss().backward()
    network.second.freeze()
    for parameter in network.parameters() { parameter.grad = nil }
    network.loss().backward()
    #expect(network.second.namedTensors().allSatisfy { $0.tensor.grad == nil })
    network.unfreeze()
    for parameter in network.parameters() { parameter.grad = nil }
    network.loss().backward()
    let plain = Network()
    plain.loss().backward()
    #expect(network.gradients[..<4] == plain.gradients[..<4])
  }

  @Test func buffersAndParametersKeepTheirValues() {
    let (plain, attached) = (Network(), Network())
    attached.averageGradients(over: SoloCommunicator())
    #expect(
      attached.namedTensors().map(\.tensor.floats) == plain.namedTensors().map(\.tensor.floats))
    #expect(attached.namedTensors().map(\.name) == plain.namedTensors().map(\.name))
  }

  @Test func reducerGoesWithItsModel() {
    weak var reducer: GradientReducer?
    do {
      let network = Network()
      reducer = network.averageGradients(over: SoloCommunicator())
      network.loss().backward()
      #expect(reducer != nil)
      withExtendedLifetime(network) {}
    }
    #expect(reducer == nil)
  }
}
