import Communication
import DataLoading
import DataParallel
import NeuralNet
import Optimizers
import TensorCore
import TestSupport
import Testing

/// Dropout, and a buffer that follows the mean of the inputs as running statistics do.
private final class Network: Module {
  let first = Linear(6, 21, generator: Generator(seed: 1))
  let second = Linear(21, 3, generator: Generator(seed: 2))
  let mean = Tensor.zeros([6])

  func loss(_ x: Tensor, _ y: Tensor) -> Tensor {
    noGrad { mean.assign(mean * 0.9 + x.mean(axis: 0) * 0.1) }
    return crossEntropy(second(dropout(tanh(first(x)), probability: 0.3)), y)
  }

  var state: [UInt32] { namedTensors().flatMap { $0.tensor.floats.map(\.bitPattern) } }
}

/// The bits of all weights and buffers after three epochs over 45 samples in batches of 20, which
/// leave a last batch of 5.
private func train(
  over world: any Communicator, microBatches: Int, reproducible: Bool = true
) -> [UInt32] {
  Generator.seed(77)
  let random = Generator(seed: 3)
  let data = InMemoryDataset(
    inputs: Tensor.normal([45, 6], generator: random).floats, shape: [6],
    labels: Tensor.randomIntegers([45], in: 0..<3, generator: random).array(of: Int32.self))
  let network = Network()
  network.averageGradients(over: world, reproducible: reproducible, bucketBytes: 128)
  let optimizer = AdamW(network.parameters(), learningRate: 0.01)
  let batches = DataLoader(
    data, batchSize: 20, shuffledBy: 5, shardedOver: world, microBatches: microBatches)
  for epoch in 1...4 {
    for batch in batches.epoch(epoch).globalBatches {
      optimizer.zeroGrad()
      for (x, y) in batch.microBatches { network.loss(x, y).backward() }
      optimizer.step()
    }
  }
  return network.state
}

@Suite(.serialized) struct ReproducibilityTests {
  @Test(arguments: [8, 11], Place.allCases)
  func bitsDoNotDependOnTheNumberOfRanks(_ microBatches: Int, _ place: Place) {
    let alone = train(over: SoloCommunicator(), microBatches: microBatches)
    for size in [1, 2, 3, 4, 8] {
      let ranks = withRanks(size, place) { world in
        train(over: world, microBatches: microBatches)
      }
      #expect(ranks.allSatisfy { $0 == alone }, "\(size) ranks")
    }
    // The test can fail: another cut gives other bits.
    #expect(alone != train(over: SoloCommunicator(), microBatches: microBatches + 1))
  }

  @Test func withoutItResultsAreEqualToRounding() {
    let alone = train(over: SoloCommunicator(), microBatches: 6).map(Float.init(bitPattern:))
    for size in [2, 4] {
      let ranks = withThreadRanks(size) { world in
        train(over: world, microBatches: 6, reproducible: false).map(Float.init(bitPattern:))
      }
      #expect(ranks.allSatisfy { $0 == ranks[0] })
      #expect(matched(ranks[0], alone).allSatisfy { abs($0 - $1) < 1e-4 })
    }
  }

  @Test func keptGradientsAreAddedOnce() {
    @Sendable func gradients(over world: any Communicator) -> [Float] {
      let weights = Tensor([1, 2, 3] as [Float])
      let module = Holder(weights)
      module.averageGradients(over: world, reproducible: true)
      let data = InMemoryDataset(
        inputs: (0..<12).map(Float.init), shape: [1], labels: [Int32](repeating: 0, count: 12))
      let batches = DataLoader(data, batchSize: 6, shardedOver: world, microBatches: 4)
      let optimizer = SGD([weights], learningRate: 0)
      for batch in batches.epoch(1).globalBatches {  // without zeroGrad
        for (x, _) in batch.microBatches { (x.mean() * weights).sum().backward() }
        optimizer.step()
      }
      return weights.grad?.floats ?? []
    }
    for size in [1, 3] {
      // The mean of 0 ... 5 and that of 6 ... 11.
      let found = withThreadRanks(size) { gradients(over: $0) }
      #expect(found.map(\.count) == Array(repeating: 3, count: size))
      #expect(found.joined().allSatisfy { abs($0 - 11) < 1e-5 })
    }
  }

  @Test func misuseIsRefused() async {
    await #expect(processExitsWith: .failure) {
      let network = Holder(Tensor.ones([1]))
      network.averageGradients(over: SoloCommunicator(), reproducible: true)
      network.weights.sum().backward()  // over no micro-batch
    }
    await #expect(processExitsWith: .failure) {
      let world = SoloCommunicator()
      let network = Holder(Tensor.ones([1]))
      network.averageGradients(over: world, reproducible: true)
      world.step.batch = BatchShare(
        local: 1, global: 2,
        microBatch: MicroBatch(epoch: 1, batch: 0, index: 0, count: 2, ofRank: 0..<2))
      for _ in 0..<2 { network.weights.sum().backward() }  // twice over one
    }
  }
}

private final class Holder: Module {
  let weights: Tensor

  init(_ weights: Tensor) {
    weights.requiresGrad = true
    self.weights = weights
  }
}
