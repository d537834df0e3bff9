import DataLoading
import Testing

@Suite struct ShardPlanTests {
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
  }
}

/// Whether a process that stopped wrote `message` to its standard error.
func said(_ result: ExitTest.Result?, _ message: String) -> Bool {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).contains(message)
}
