import Communication
import DataLoading
import DataParallel
import NeuralNet
import Optimizers
import TensorCore
import TestSupport
import Testing

/// Batches of fewer micro-batches than there are ranks: some ranks make no pass.
@Suite(.serialized) struct IdleRankTests {
  /// Trains a weight on three samples in one micro-batch, once with each of `epochs`.
  private static func train(over world: any Communicator, epochs: [Int]) -> [Float] {
    let layer = Linear(2, 1, generator: Generator(seed: 1))
    layer.averageGradients(over: world)
    let optimizer = SGD(layer.parameters(), learningRate: 0.25)
    let batches = Self.batches(over: world)
    for epoch in epochs {
      for batch in batches.epoch(epoch).globalBatches {
        optimizer.zeroGrad()
        for (inputs, _) in batch.microBatches { layer(inputs).squared().mean().backward() }
        optimizer.step()
      }
    }
    return layer.parameters().flatMap(\.floats)
  }

  private static func batches(over world: any Communicator) -> DataLoader {
    let data = InMemoryDataset(
      inputs: [1, 2, 3, 5, 4, 0] as [Float], shape: [2], labels: [0, 0, 0])
    return DataLoader(data, batchSize: 3, shuffledBy: nil, shardedOver: world, microBatches: 1)
  }

  /// An epoch of one batch may be gone through again and again: its numbers stay the same.
  @Test(arguments: [2, 3]) func theSameEpochMayBeRepeated(_ size: Int) {
    let alone = Self.train(over: SoloCommunicator(), epochs: [1, 1, 1])
    let ranks = withThreadRanks(size) { Self.train(over: $0, epochs: [1, 1, 1]) }
    #expect(ranks.allSatisfy { $0 == ranks[0] })
    #expect(matched(ranks[0], alone).allSatisfy { abs($0 - $1) <= 1e-6 * (1 + abs($1)) })
  }

  @Test func lossesAfterTheExchangeAreRefused() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = withThreadRanks(2) { world in
        let layer = Linear(2, 1)
        layer.averageGradients(over: world)
        for batch in Self.batches(over: world).epoch(1).globalBatches {
          for (inputs, _) in batch.microBatches { layer(inputs).mean().backward() }
          _ = gradientNorm(layer.parameters())
          if world.isRoot { layer(.ones([1, 2])).mean().backward() }
        }
      }
    }
    let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(
      errors.contains(
        """
        the gradients of this batch were exchanged before, and some of the 2 ranks have none of its 1 \
        micro-batches
        """), "\(errors)")
  }
}
