import DataLoading
import Steps
import Diagnostics
import TensorCore
import Testing

@Suite(.serialized) struct DataLoaderTests {
  /// Samples whose input is their index, and whose label is ten times that.
  static func counting(_ count: Int) -> InMemoryDataset<Float, Int32> {
    InMemoryDataset(
      inputs: (0..<count).map { Float($0) }, shape: [1],
      labels: (0..<count).map { Int32($0 * 10) })
  }

  /// The indices of the samples in each batch, by way of inputs and labels.
  static func indices(_ batches: some Sequence<(Tensor, Tensor)>) -> [[Int]] {
    batches.map { inputs, labels in
      let indices = inputs.floats.map { Int($0) }
      #expect(labels.array(of: Int32.self) == indices.map { Int32($0 * 10) })
      #expect(inputs.shape == [indices.count, 1])
      #expect(labels.shape == [indices.count])
      return indices
    }
  }

  @Test func batchesAreInOrderWithoutASeed() {
    let batches = DataLoader(Self.counting(7), batchSize: 3)
    #expect(batches.count == 3)
    #expect(batches.sampleCount == 7)
    for epoch in 0..<2 {
      #expect(Self.indices(batches.epoch(epoch)) == [[0, 1, 2], [3, 4, 5], [6]])
    }
  }

  @Test func dropLastLeavesOutTheRest() {
    let batches = DataLoader(Self.counting(7), batchSize: 3, dropLast: true)
    #expect(batches.count == 2)
    #expect(batches.sampleCount == 6)
    #expect(Self.indices(batches.epoch(0)) == [[0, 1, 2], [3, 4, 5]])
  }

  @Test func epochsDifferAndRepeat() {
    let batches = DataLoader(Self.counting(10), batchSize: 4, shuffledBy: 7)
    let first = Self.indices(batches.epoch(1))
    #expect(first == [[0, 1, 7, 6], [9, 5, 2, 4], [8, 3]])
    #expect(Self.indices(batches.epoch(2)) == [[3, 4, 0, 1], [6, 8, 2, 9], [7, 5]])
    #expect(Self.indices(batches.epoch(1)) == first)
  }

  @Test(arguments: 0...3)
  func epochGoesOnWhereItWasLeft(start: Int) {
    let batches = DataLoader(Self.counting(10), batchSize: 4, shuffledBy: 7)
    let all = Self.indices(batches.epoch(1))
    #expect(Self.indices(batches.epoch(1, from: start)) == Array(all.dropFirst(start)))
    #expect(batches.epoch(1, from: start).underestimatedCount == 3 - start)
  }

  @Test(arguments: 1...5, [1, 3, 4, 10, 16])
  func ranksTogetherSeeWhatOneSees(ranks: Int, batchSize: Int) {
    let data = Self.counting(10)
    let alone = Self.indices(DataLoader(data, batchSize: batchSize, shuffledBy: 7).epoch(3))
    var together = [[Int]](repeating: [], count: alone.count)
    for rank in 0..<ranks {
      let batches = DataLoader(
        data, batchSize: batchSize, shuffledBy: 7,
        shardedOver: RankStub(rank: rank, size: ranks))
      #expect(batches.sampleCount == 10)
      let shares = Self.indices(batches.epoch(3))
      #expect(shares.count == alone.count)
      for (index, share) in shares.enumerated() { together[index] += share }
    }
    #expect(together == alone)
  }

  @Test func iteratorTellsTheShareOfTheCurrentBatch() {
    let world = RankStub(rank: 1, size: 2)
    let batches = DataLoader(Self.counting(6), batchSize: 5, shardedOver: world)
    #expect(world.step.batch == nil)
    var shares: [BatchShare?] = []
    for (index, (inputs, _)) in batches.epoch(0).enumerated() {
      #expect(inputs.shape[0] == [2, 0][index])
      shares.append(world.step.batch)
    }
    #expect(shares == [BatchShare(local: 2, global: 5), BatchShare(local: 0, global: 1)])
    #expect(world.step.batch == nil)
  }

  @Test func shareLastsForTheBodyOfALoopThatIsLeft() {
    let world = RankStub(rank: 0, size: 2)
    let batches = DataLoader(Self.counting(6), batchSize: 4, shardedOver: world)
    for (inputs, _) in batches.epoch(0) {
      #expect(inputs.shape == [2, 1])
      #expect(world.step.batch == BatchShare(local: 2, global: 4))
      break
    }
    #expect(world.step.batch == nil)
  }

  @Test func exhaustedIteratorLeavesAnotherOnesShareAlone() {
    let world = RankStub(rank: 0, size: 1)
    let batches = DataLoader(Self.counting(2), batchSize: 2, shardedOver: world)
    var exhausted: Epoch.Iterator? = batches.epoch(0).makeIterator()
    while exhausted?.next() != nil {}
    let running = batches.epoch(1).makeIterator()
    #expect(running.next() != nil)
    #expect(exhausted?.next() == nil)
    exhausted = nil
    #expect(world.step.batch == BatchShare(local: 2, global: 2))
    #expect(running.next() == nil)
    #expect(world.step.batch == nil)
  }

  @Test func unshardedLoaderStatesNoShare() {
    let world = RankStub(rank: 0, size: 1)
    world.step.batch = BatchShare(local: 1, global: 2)
    for _ in DataLoader(Self.counting(2), batchSize: 1).epoch(0) {
      #expect(world.step.batch == BatchShare(local: 1, global: 2))
    }
    #expect(world.step.batch == BatchShare(local: 1, global: 2))
  }

  @Test func dataChosenAtRunTimeCanBeLoaded() {
    let data: any Dataset = Self.counting(3)
    #expect(Self.indices(DataLoader(data, batchSize: 2).epoch(0)) == [[0, 1], [2]])
  }

  @Test func tooFewSamplesAreReportable() throws {
    try Self.counting(3).requireSamples(forRanks: 3)
    let error = #expect(throws: DataError.tooFewSamples(samples: 3, ranks: 4)) {
      try Self.counting(3).requireSamples(forRanks: 4)
    }
    #expect(error?.exitCode == .badData)
    #expect(
      error?.description
        == "the data set has 3 samples, but 4 ranks need at least one each; "
        + "use more data or fewer ranks")
  }

  @Test func mistakesStopWithTheNumbers() async {
    let size = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = DataLoader(Self.counting(3), batchSize: -2)
    }
    #expect(said(size, "DataLoader: the batch size is -2, but must be at least 1"))
    let ranks = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = DataLoader(
        Self.counting(3), batchSize: 4, shardedOver: RankStub(rank: 0, size: 4))
    }
    #expect(said(ranks, "DataLoader: the data set has 3 samples, but 4 ranks need"))
    let empty = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = DataLoader(Self.counting(0), batchSize: 4)
    }
    #expect(said(empty, "DataLoader: the data set has 0 samples"))
    let dropped = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = DataLoader(Self.counting(3), batchSize: 4, dropLast: true)
    }
    #expect(said(dropped, "DataLoader: 3 samples do not fill one batch of 4 with dropLast"))
    let start = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = DataLoader(Self.counting(3), batchSize: 2).epoch(0, from: 3)
    }
    #expect(said(start, "epoch: there is no batch 3 to start from in an epoch of 2"))
  }
}
