import Optimizers
import TensorCore
import TestSupport
import Testing

private func parameter(_ shape: Shape) -> Tensor {
  let tensor = Tensor.ones(shape)
  tensor.requiresGrad = true
  return tensor
}

/// An optimiser as a user writes it: tensor operations, and the protocol's two requirements.
private final class SignDescent: Optimizer {
  let memory: OptimizerMemory

  init(_ parameters: [some Trainable], learningRate: Float) {
    memory = OptimizerMemory(
      parameters, optimizer: "SignDescent", learningRate: learningRate, state: ["signs"])
  }

  func update(_ target: ParameterUpdate) {
    let sign = target.gradient.sign()
    let signs = target.state("signs")
    signs += sign
    target.parameter -= sign * target.learningRate
  }
}

@Suite(.serialized) struct GroupTests {
  @Test func matricesDecayAndVectorsDoNot() {
    let parameters = [[2, 3], [3], [], [4, 1, 3, 3]].map { parameter(Shape($0)) }
    let groups = ParameterGroup.decayingMatrices(of: parameters, by: 0.5)
    #expect(groups.map(\.weightDecay) == [0.5, 0])
    #expect(groups.map { $0.parameters.map(\.axisCount) } == [[2, 4], [1, 0]])
    #expect(groups.map(\.usesTrustRatio) == [true, false])
    let optimizer = AdamW(groups, learningRate: 0.5, weightDecay: 0.9)
    for parameter in parameters { parameter.grad = .zeros(parameter.shape) }
    optimizer.step()
    #expect(parameters.map { $0.floats[0] } == [0.75, 1, 1, 0.75])
    #expect(optimizer.parameters.map(\.axisCount) == [2, 4, 1, 0])
  }

  /// A group of vectors may be empty: a network may have no biases.
  @Test func anEmptyGroupIsAllowed() {
    let weight = parameter([2, 2])
    let optimizer = SGD(ParameterGroup.decayingMatrices(of: [weight], by: 0.1), learningRate: 1)
    weight.grad = .ones([2, 2])
    optimizer.step()
    expectClose(weight.floats, to: [-0.1, -0.1, -0.1, -0.1])
  }

  @Test func oneLearningRateIsScaledInEveryGroup() {
    let (a, b) = (parameter([1]), parameter([1]))
    let optimizer = SGD(
      [ParameterGroup([a]), ParameterGroup([b], learningRateScale: 0.25)], learningRate: 8)
    for rate: Float in [0.5, 0.25] {
      (a.grad, b.grad) = (.ones([1]), .ones([1]))
      optimizer.learningRate = rate
      optimizer.step()
    }
    #expect(a.floats == [0.25] && b.floats == [0.8125])
  }

  @Test func anOptimizerOfOnesOwnTakesAFewLines() throws {
    let a = parameter([2])
    let optimizer = SignDescent([a], learningRate: 0.25)
    for _ in 0..<3 {
      optimizer.zeroGrad()
      (a * Tensor([2, -3] as [Float])).sum().backward()
      optimizer.step()
    }
    #expect(a.floats == [0.25, 1.75])
    #expect(optimizer.state.tensors["0.signs"]?.floats == [3, -3])
    let fresh = SignDescent([a], learningRate: 1)
    try fresh.load(state: optimizer.state)
    #expect(fresh.learningRate == 0.25 && fresh.memory.steps == [3])
  }

  /// An optimiser that asks for a state that it did not name.
  private final class Forgetful: Optimizer {
    let memory: OptimizerMemory

    init(_ a: Tensor) {
      memory = OptimizerMemory([a], optimizer: "SignDescent", learningRate: 1, state: ["signs"])
    }

    func update(_ target: ParameterUpdate) { _ = target.state("sum") }
  }

  private static let misuses: [Misuse] = [
    Misuse("SGD: group 1 sets betas, which SGD does not have") {
      let groups = [
        ParameterGroup([parameter([2])]), ParameterGroup([parameter([1])], betas: (0, 0)),
      ]
      _ = SGD(groups, learningRate: 1)
    },
    Misuse("Lion: group 0 sets momentum, which Lion does not have") {
      _ = Lion([ParameterGroup([parameter([2])], momentum: 0.5)])
    },
    Misuse("SGD: parameter 1 of shape [2] is parameter 0 again; name every parameter once") {
      let a = parameter([2])
      _ = SGD([a, a], learningRate: 1)
    },
    Misuse("ParameterGroup: weight decay -0.1 is negative or not finite") {
      _ = ParameterGroup([parameter([2])], weightDecay: -0.1)
    },
    Misuse("Adam: betas 0.9 and 1.0; both must be from 0 to below 1") {
      _ = Adam([parameter([2])], betas: (0.9, 1))
    },
    Misuse("SGD: nesterov with momentum [0.0] and dampening 0.0 needs momentum") {
      _ = SGD([parameter([2])], learningRate: 1, nesterov: true)
    },
    Misuse("SignDescent: a state called \"master\", which is that of Float16 parameters") {
      _ = OptimizerMemory(
        [parameter([2])], optimizer: "SignDescent", learningRate: 1, state: ["master"])
    },
    Misuse("SignDescent: keeps no state \"sum\" but [\"signs\"]") {
      let a = parameter([2])
      a.grad = .ones([2])
      Forgetful(a).step()
    },
    Misuse("LAMB: epsilon nan is negative or not finite") {
      _ = LAMB([parameter([2])], epsilon: .nan)
    },
    Misuse("Adagrad: learning rate nan is negative or not finite") {
      Adagrad([parameter([2])]).learningRate = .nan
    },
  ]

  @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in try Self.misuses[index].run() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
