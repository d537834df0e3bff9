import Communication
import DataParallel
import NeuralNet
import Optimizers
import TensorCore
import TestSupport
import Testing

private final class Network: Module {
  let first = Linear(4, 6, generator: Generator(seed: 1))
  let norm = BatchNorm1d(6)
  let second = Linear(6, 2, generator: Generator(seed: 2))

  func loss(_ samples: Range<Int>) -> Tensor {
    let x = Tensor.normal([24, 4], generator: Generator(seed: 3))
    let y = Tensor.normal([24, 2], generator: Generator(seed: 4))
    return mseLoss(second(norm(first(x[samples]))), y[samples])
  }
}

/// All weights and buffers, and the losses of five steps, of a rank that has `samples` of 24.
private func train(over world: any Communicator, _ samples: Range<Int>) -> [[Float]] {
  let network = Network()
  network.synchronizeBatchNorm(over: world)
  let reducer = network.averageGradients(over: world)
  let optimizer = SGD(network.parameters(), learningRate: 0.1, momentum: 0.9)
  let losses = (0..<5).map { _ in
    optimizer.zeroGrad()
    world.step.batch = BatchShare(local: samples.count, global: 24)
    network.loss(samples).backward()
    optimizer.step()
    return reducer.loss
  }
  return network.namedTensors().map(\.tensor.floats) + [losses]
}

@Suite(.serialized) struct BatchNormSynchronizationTests {
  @Test(arguments: [[0, 12, 24], [0, 1, 24], [0, 5, 11, 24], [0, 10, 10, 24]])
  func ranksTrainAsOneDoesOnTheJoinedBatch(_ cuts: [Int]) {
    let alone = train(over: SoloCommunicator(), 0..<24)
    let ranks = withThreadRanks(cuts.count - 1) { world in
      train(over: world, cuts[world.rank]..<cuts[world.rank + 1])
    }
    for values in ranks {
      #expect(values == ranks[0], "all ranks hold the same bits")
      for (found, expected) in matched(values, alone) {
        #expect(matched(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 * (1 + abs($1)) })
      }
    }
  }

  @Test func misuseIsRefused() async {
    await #expect(processExitsWith: .failure) {
      Linear(1, 1).synchronizeBatchNorm(over: SoloCommunicator())
    }
    await #expect(processExitsWith: .failure) {
      _ = withThreadRanks(2) { world in
        let network = Network()
        network.synchronizeBatchNorm(over: world)
        network.averageGradients(over: world, reproducible: true)
      }
    }
  }
}
