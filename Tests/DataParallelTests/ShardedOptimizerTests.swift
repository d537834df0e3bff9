import Communication
import DataParallel
import Elements
import NeuralNet
import Optimizers
import TensorCore
import Testing
import TestSupport

/// Bits of the weights after five steps, and the optimiser's whole state.
private func train(
  over world: any Communicator, _ name: String, sharding: Bool, dtype: DType = .float32,
  from start: OptimizerState? = nil, weights: [Tensor] = []
) throws -> (weights: [Tensor], state: OptimizerState) {
  let network = SmallNetwork(seed: 1)
  network.convert(to: dtype)
  for (parameter, values) in zip(network.parameters(), weights) {
    noGrad { parameter.assign(values) }
  }
  network.averageGradients(over: world)
  let optimizer: any Optimizer =
    switch name {
    case "SGD": SGD(network.parameters(), learningRate: 0.1, momentum: 0.9)
    case "AdamW": AdamW(network.parameters(), learningRate: 0.01)
    case "Adagrad": Adagrad(network.parameters(), initialAccumulator: 0.1)
    default: LAMB(network.parameters())
    }
  if sharding { optimizer.shardState(over: world) }
  if let start { try optimizer.load(state: start) }
  for _ in 0..<5 {
    optimizer.zeroGrad()
    let share = 6 * world.rank..<6 * world.rank + 6
    network.loss(share, dtype).backward()
    optimizer.step()
  }
  return (network.parameters().map { $0.detached() }, optimizer.gatherState(over: world))
}

extension SmallNetwork {
  fileprivate func loss(_ samples: Range<Int>, _ dtype: DType) -> Tensor {
    let x = Tensor.normal([64, 5], generator: Generator(seed: 21))[samples].converted(to: dtype)
    let y = Tensor.randomIntegers([64], in: 0..<3, generator: Generator(seed: 22))[samples]
    return crossEntropy(second(tanh(first(x))).converted(to: .float32), y)
  }
}

@Suite(.serialized) struct ShardedOptimizerTests {
  @Test(arguments: ["SGD", "AdamW", "Adagrad", "LAMB"], [DType.float32, .float16])
  func bitsAreThoseWithoutSharding(_ name: String, _ dtype: DType) {
    for size in [2, 3, 4] {
      let results = withThreadRanks(size) { world -> [String] in
        var failures: [String] = []
        let whole = try train(over: world, name, sharding: false, dtype: dtype)
        let shared = try train(over: world, name, sharding: true, dtype: dtype)
        if whole.weights.isEmpty || whole.weights.count != shared.weights.count {
          failures.append("\(shared.weights.count) weights")
        }
        for (a, b) in zip(whole.weights, shared.weights) where a.floats != b.floats {
          failures.append("weights of shape \(a.shape)")
        }
        if whole.state.numbers != shared.state.numbers { failures.append("numbers") }
        if Set(whole.state.tensors.keys) != Set(shared.state.tensors.keys) {
          failures.append("keys \(shared.state.tensors.keys.sorted())")
        }
        for (key, tensor) in whole.state.tensors
        where shared.state.tensors[key]?.floats != tensor.floats {
          failures.append(key)
        }
        // A state of all goes on as shares, with the same bits.
        let on = try train(
          over: world, name, sharding: true, dtype: dtype, from: whole.state,
          weights: whole.weights)
        let plain = try train(
          over: world, name, sharding: false, dtype: dtype, from: whole.state,
          weights: whole.weights)
        if on.weights.map(\.floats) != plain.weights.map(\.floats) { failures.append("going on") }
        return failures
      }
      #expect(results == Array(repeating: [], count: size))
    }
  }

  @Test func sharesAreEven() {
    #expect(ownersOfParameters([10, 1, 7, 7, 2, 1], ranks: 2) == [0, 0, 1, 1, 0, 0])
    #expect(ownersOfParameters([5, 5, 5], ranks: 4) == [0, 1, 2])
    #expect(ownersOfParameters([], ranks: 2) == [])
  }

  @Test func stateIsKeptByItsOwnerOnly() {
    let kept = withThreadRanks(2) { world -> Int in
      let parameters = [Tensor.ones([100]), Tensor.ones([60]), Tensor.ones([40])]
      for parameter in parameters { parameter.requiresGrad = true }
      let optimizer = AdamW(parameters)
      optimizer.shardState(over: world)
      return parameters.indices.compactMap { optimizer.memory.tensor("exp_avg", of: $0)?.count }
        .reduce(0, +)
    }
    #expect(kept == [100, 100])
  }

  @Test func misuseIsRefused() async {
    await #expect(processExitsWith: .failure) {  // after the first step
      _ = withThreadRanks(2) { world in
        let parameter = Tensor.ones([2])
        parameter.requiresGrad = true
        let optimizer = SGD([parameter], learningRate: 1, momentum: 0.9)
        parameter.sum().backward()
        optimizer.step()
        optimizer.shardState(over: world)
      }
    }
    await #expect(processExitsWith: .failure) {  // a part is no state
      _ = withThreadRanks(2) { world in
        let parameter = Tensor.ones([2])
        parameter.requiresGrad = true
        let optimizer = AdamW([parameter])
        optimizer.shardState(over: world)
        _ = optimizer.state
      }
    }
  }
}
