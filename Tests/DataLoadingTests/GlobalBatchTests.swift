import DataLoading
import Steps
import TensorCore
import Testing

@Suite struct GlobalBatchTests {
  /// 10 samples that know their number.
  private let data = InMemoryDataset(
    inputs: (0..<10).map(Float.init), shape: [1], labels: (0..<10).map(Int32.init))

  @Test(arguments: [0, 2]) func ranksRunEverySampleOnceInMicroBatches(_ prefetching: Int) {
    var seen: [[Int32]] = Array(repeating: [], count: 3)
    for rank in 0..<3 {
      let world = RankStub(rank: rank, size: 3)
      let loader = DataLoader(
        data, batchSize: 4, shuffledBy: 6, shardedOver: world, microBatches: 4,
        prefetching: prefetching)
      for batch in loader.epoch(1).globalBatches {
        #expect(batch.sampleCount == (batch.index == 2 ? 2 : 4))
        #expect(world.step.batch?.local == 0 && world.step.batch?.global == batch.sampleCount)
        let count = batch.microBatches.count
        var passes = 0
        for (_, labels) in batch.microBatches {
          let place = world.step.batch?.microBatch
          #expect(world.step.batch?.local == 1 && world.step.batch?.global == batch.sampleCount)
          #expect(place?.batch == batch.index && place?.count == min(4, batch.sampleCount))
          #expect(place?.isLastOfRank == (passes == count - 1))
          passes += 1
          seen[batch.index] += labels.array(of: Int32.self)
        }
        #expect(passes == count)
      }
      #expect(world.step.batch == nil)
    }
    let plain = DataLoader(data, batchSize: 4, shuffledBy: 6).epoch(1)
      .map { $1.array(of: Int32.self) }
    #expect(seen == plain)
  }

  @Test func randomNumbersBelongToTheMicroBatch() {
    func numbers(rank: Int, of size: Int, drawing draws: Int) -> [[Float]] {
      Generator.seed(4)
      let before = Generator.default
      let loader = DataLoader(
        data, batchSize: 5, shardedOver: RankStub(rank: rank, size: size), microBatches: 4)
      var result: [[Float]] = []
      for batch in loader.epoch(2).globalBatches {
        for _ in batch.microBatches { result.append(Tensor.uniform([draws]).floats) }
      }
      #expect(Generator.default === before, "the default generator is given back")
      return result.map { Array($0.prefix(3)) }
    }
    let all = numbers(rank: 0, of: 1, drawing: 3)
    #expect(Set(all).count == 8)
    let shares = (0..<2).map { numbers(rank: $0, of: 2, drawing: 8) }
    #expect(Array(shares[0][..<2] + shares[1][..<2] + shares[0][2...] + shares[1][2...]) == all)
  }

  @Test func whatIsLeftOfABatchIsSkipped() {
    let loader = DataLoader(data, batchSize: 5, microBatches: 5)
    var labels: [Int32] = []
    for batch in loader.epoch(1).globalBatches {
      for (_, y) in batch.microBatches {
        labels += y.array(of: Int32.self)
        break
      }
    }
    #expect(labels == [0, 5])
  }

  @Test func epochsGoOnWithinTheirBatches() {
    let loader = DataLoader(data, batchSize: 4, shuffledBy: 1, microBatches: 2)
    let epoch = loader.epoch(3)
    var positions: [EpochPosition] = []
    for batch in epoch.globalBatches {
      for _ in batch.microBatches {}
      positions.append(epoch.position)
    }
    #expect(positions == (1...3).map { EpochPosition(epoch: 3, batch: $0) })
    #expect(loader.epoch(from: positions[0]).globalBatches.map(\.index) == [1, 2])
  }
}
