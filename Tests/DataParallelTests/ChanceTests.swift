import Communication
import DataLoading
import DataParallel
import NeuralNet
import TensorCore
import TestSupport
import Testing

/// What chance does on ranks that work on different samples.
@Suite struct ChanceTests {
  private static let data = InMemoryDataset(
    inputs: (0..<48).map(Float.init), shape: [1], labels: [Int32](repeating: 0, count: 48))

  /// The numbers that `draw` gives for every batch, or micro-batch, of an epoch.
  private static func draws(
    over world: any Communicator, microBatches: Int? = nil, epoch: Int = 1, drawnBefore: Int = 0,
    _ draw: (Tensor) -> [Float] = { _ in dropout(Tensor.ones([256])).floats }
  ) -> [[Float]] {
    Generator.seed(5)
    let layer = Linear(1, 1)
    layer.averageGradients(over: world)
    Generator.seed(5)  // whoever seeds what, after or before
    _ = Tensor.uniform([drawnBefore + 1])
    let batches = DataLoader(
      data, batchSize: 16, shuffledBy: 2, shardedOver: world, microBatches: microBatches)
    if microBatches == nil { return batches.epoch(epoch).map { draw($0.0) } }
    return batches.epoch(epoch).globalBatches.flatMap { batch in
      batch.microBatches.map { draw($0.0) }
    }
  }

  @Test func inThePlainLoopRanksAndStepsDropOtherElements() {
    let ranks = withThreadRanks(4) { Self.draws(over: $0) }
    #expect(Set(ranks.joined()).count == 12, "4 ranks, 3 batches")
    #expect(withThreadRanks(4) { Self.draws(over: $0) } == ranks, "again the same")
    #expect(
      withThreadRanks(4) { Self.draws(over: $0, drawnBefore: $0.rank * 100) } == ranks,
      "whatever was drawn before")
    let next = withThreadRanks(4) { Self.draws(over: $0, epoch: 2) }
    #expect(Set(next.joined()).isDisjoint(with: ranks.joined()))
  }

  @Test func microBatchesDropTheSameElementsOnAnyNumberOfRanks() {
    let alone = Self.draws(over: SoloCommunicator(), microBatches: 4)
    #expect(Set(alone).count == 12)
    for size in [2, 4] {
      let ranks = withThreadRanks(size) { Self.draws(over: $0, microBatches: 4) }
      let perBatch = 4 / size
      let found = (0..<3).flatMap { batch in
        ranks.flatMap { $0[batch * perBatch..<(batch + 1) * perBatch] }
      }
      #expect(found == alone, "\(size) ranks")
    }
  }

  /// By hand: nobody says which samples a rank has, so it is the rank that counts.
  @Test func withoutALoaderRanksDropOtherElements() {
    @Sendable func masks(over world: any Communicator, seeding late: Bool) -> [[Float]] {
      if !late { Generator.seed(3) }
      let layer = Linear(1, 1)
      layer.averageGradients(over: world)
      if late { Generator.seed(3) }
      return (0..<3).map { _ in dropout(Tensor.ones([256])).floats }
    }
    for late in [false, true] {
      let ranks = withThreadRanks(3) { masks(over: $0, seeding: late) }
      #expect(Set(ranks.joined()).count == 9)
      #expect(
        ranks[0] == masks(over: SoloCommunicator(), seeding: late), "rank 0 draws as one does")
    }
  }

  /// What is varied is the sample: neither the rank nor the other samples of a batch matter.
  @Test func augmentationBelongsToTheSample() {
    let images = InMemoryDataset(
      inputs: (0..<12 * 16).map(Float.init), shape: [1, 4, 4],
      labels: (0..<12).map { Int32($0) })
    let varied = images.augmented(by: RandomShift(2), RandomHorizontalFlip(), seed: 9)
    @Sendable func seen(over world: any Communicator, epoch: Int) -> [Int32: [Float]] {
      var seen: [Int32: [Float]] = [:]
      let batches = DataLoader(varied, batchSize: 5, shuffledBy: 1, shardedOver: world)
      for (images, labels) in batches.epoch(epoch) {
        for (row, label) in labels.array(of: Int32.self).enumerated() {
          seen[label] = images[row].floats
        }
      }
      return seen
    }
    let alone = seen(over: SoloCommunicator(), epoch: 1)
    #expect(alone.count == 12 && alone != seen(over: SoloCommunicator(), epoch: 2))
    let ranks = withThreadRanks(3) { seen(over: $0, epoch: 1) }
    #expect(ranks.reduce(into: [:]) { $0.merge($1) { own, _ in own } } == alone)
  }

  /// Several passes of a step draw for themselves, and an evaluation draws nothing of theirs.
  @Test func accumulationAndEvaluationDrawForThemselves() {
    let ranks = withThreadRanks(2) { world -> [[Float]] in
      let layer = Linear(1, 1)
      layer.averageGradients(over: world, accumulating: 3)
      return DataLoader(Self.data, batchSize: 16, shardedOver: world).epoch(1).map { _ in
        for _ in DataLoader(Self.data, batchSize: 24, shardedOver: world).epoch(1) {
          _ = dropout(Tensor.ones([256]))
        }
        return dropout(Tensor.ones([256])).floats
      }
    }
    #expect(Set(ranks.joined()).count == 6)
    let without = withThreadRanks(2) { world in
      DataLoader(Self.data, batchSize: 16, shardedOver: world).epoch(1).map { _ in
        dropout(Tensor.ones([256])).floats
      }
    }
    #expect(ranks == without)
  }
}
