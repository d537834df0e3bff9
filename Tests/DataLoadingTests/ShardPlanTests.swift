import DataLoading
import Testing

@Suite(.serialized) struct ShardPlanTests {
  static let datasetCounts = Array(0...20) + [63, 64, 65, 1000]

  @Test(arguments: datasetCounts, [1, 2, 3, 7, 64, 2000])
  func batchesFollowEachOtherWhateverTheRanks(datasetCount: Int, batchSize: Int) {
    for dropLast in [false, true] {
      let expected = stride(from: 0, to: datasetCount, by: batchSize)
        .map { $0..<min($0 + batchSize, datasetCount) }
        .filter { !dropLast || $0.count == batchSize }
      for rankCount in 1...9 {
        let plan = ShardPlan(
          datasetCount: datasetCount, batchSize: batchSize, rankCount: rankCount,
          dropLast: dropLast)
        #expect(plan.batchCount == expected.count)
        #expect((0..<plan.batchCount).map(plan.batch) == expected)
        #expect(plan.sampleCount == expected.map(\.count).reduce(0, +))
      }
    }
  }

  @Test(arguments: datasetCounts, [1, 2, 3, 7, 64, 2000])
  func sharesJoinToTheBatch(datasetCount: Int, batchSize: Int) {
    for rankCount in 1...9 {
      let plan = ShardPlan(datasetCount: datasetCount, batchSize: batchSize, rankCount: rankCount)
      for index in 0..<plan.batchCount {
        let batch = plan.batch(index)
        let shares = (0..<rankCount).map { plan.share(of: index, rank: $0) }
        #expect(shares.first?.lowerBound == batch.lowerBound)
        #expect(shares.last?.upperBound == batch.upperBound)
        #expect(zip(shares, shares.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        let larger = batch.count % rankCount
        #expect(
          shares.map(\.count)
            == (0..<rankCount).map { batch.count / rankCount + ($0 < larger ? 1 : 0) })
      }
    }
  }

  @Test func lastBatchCanLeaveRanksWithoutSamples() {
    let plan = ShardPlan(datasetCount: 10, batchSize: 4, rankCount: 3)
    let shares = (0..<3).map { index in (0..<3).map { plan.share(of: index, rank: $0) } }
    #expect(shares == [[0..<2, 2..<3, 3..<4], [4..<6, 6..<7, 7..<8], [8..<9, 9..<10, 10..<10]])
  }

  /// Whatever the ranks, a batch has the same micro-batches, and each is run once.
  @Test(arguments: [1, 2, 3, 5, 8, 16], [1, 2, 3, 4, 7, 20])
  func ranksShareTheSameMicroBatches(microBatches: Int, batchSize: Int) {
    for rankCount in 1...9 {
      let plan = ShardPlan(
        datasetCount: 33, batchSize: batchSize, rankCount: rankCount, microBatches: microBatches)
      let owned = (0..<rankCount).map { plan.microBatches(ofRank: $0) }
      #expect(owned.flatMap(Array.init) == Array(0..<microBatches))
      let rest = microBatches % rankCount
      #expect(
        owned.map(\.count)
          == (0..<rankCount).map { microBatches / rankCount + ($0 < rest ? 1 : 0) })
      for index in 0..<plan.batchCount {
        let batch = plan.batch(index)
        let parts = (0..<microBatches).map { plan.microBatch($0, of: index) }
        let larger = batch.count % microBatches
        #expect(
          parts.map(\.count)
            == (0..<microBatches).map { batch.count / microBatches + ($0 < larger ? 1 : 0) })
        #expect(parts.flatMap(Array.init) == Array(batch))
        for rank in 0..<rankCount {
          let share = Array(plan.share(of: index, rank: rank))
          #expect(share == owned[rank].flatMap { Array(parts[$0]) })
        }
      }
    }
  }

  @Test func fewerMicroBatchesThanRanksLeaveRanksIdle() {
    let plan = ShardPlan(datasetCount: 7, batchSize: 5, rankCount: 3, microBatches: 2)
    #expect((0..<3).map { plan.microBatches(ofRank: $0) } == [0..<1, 1..<2, 2..<2])
    let shares = (0..<2).map { index in (0..<3).map { plan.share(of: index, rank: $0) } }
    #expect(shares == [[0..<3, 3..<5, 5..<5], [5..<6, 6..<7, 7..<7]])
  }

  @Test func oneMicroBatchForEachRankByDefault() {
    let plan = ShardPlan(datasetCount: 10, batchSize: 4, rankCount: 3)
    #expect(plan.microBatchCount == 3)
    #expect(
      (0..<3).map { plan.microBatch($0, of: 1) } == (0..<3).map { plan.share(of: 1, rank: $0) })
  }

  @Test func hugeBatchSizeDoesNotOverflow() {
    let plan = ShardPlan(datasetCount: 5, batchSize: .max)
    #expect(plan.batchCount == 1)
    #expect(plan.batch(0) == 0..<5)
  }

  @Test func wrongArgumentsStopWithTheNumbers() async {
    let size = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ShardPlan(datasetCount: 5, batchSize: 0)
    }
    #expect(said(size, "ShardPlan: the batch size is 0, but must be at least 1"))
    let rank = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ShardPlan(datasetCount: 5, batchSize: 2, rankCount: 2).share(of: 0, rank: 2)
    }
    #expect(said(rank, "ShardPlan: rank 2 is out of range of 2 ranks"))
    let batch = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ShardPlan(datasetCount: 5, batchSize: 2).batch(3)
    }
    #expect(said(batch, "ShardPlan: batch 3 is out of range of an epoch of 3"))
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ShardPlan(datasetCount: 5, batchSize: 2, microBatches: 0)
    }
    #expect(said(none, "ShardPlan: the number of micro-batches is 0, but must be at least 1"))
    let part = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ShardPlan(datasetCount: 5, batchSize: 2, microBatches: 4).microBatch(4, of: 0)
    }
    #expect(said(part, "ShardPlan: micro-batch 4 is out of range of 4"))
    let owner = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ShardPlan(datasetCount: 5, batchSize: 2).microBatches(ofRank: -1)
    }
    #expect(said(owner, "ShardPlan: rank -1 is out of range of 1 ranks"))
  }
}

/// Whether a process that stopped wrote `message` to its standard error.
func said(_ result: ExitTest.Result?, _ message: String) -> Bool {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).contains(message)
}
