import Communication
import DataLoading
import DataParallel
import NeuralNet
import TensorCore
import TestSupport
import Testing

/// Mistakes that compute all the same are said once; those that cannot be right end the job.
@Suite(.serialized) struct ReducerWarningTests {
  private static func warnings(in errors: [UInt8]?) -> [Substring] {
    String(decoding: errors ?? [], as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix("warning: ") }
  }

  @Test func aLoaderThatIsNotShardedIsSaidOnce() async {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      _ = withThreadRanks(2) { world in
        let layer = Linear(1, 2)
        layer.averageGradients(over: world)
        let batches = DataLoader(numbers(8), batchSize: 4)
        for _ in 0..<2 {
          for (x, y) in batches.epoch(0) { crossEntropy(layer(x), y).backward() }
        }
      }
    }
    let warnings = Self.warnings(in: result?.standardErrorContent)
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("from a DataLoader that is not sharded") == true)
  }

  @Test func aShardedLoaderAndAnEvaluationAreFine() async {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      _ = withThreadRanks(2) { world in
        let layer = Linear(1, 2)
        layer.averageGradients(over: world)
        for (x, y) in DataLoader(numbers(8), batchSize: 4, shardedOver: world).epoch(0) {
          crossEntropy(layer(x), y).backward()
        }
        noGrad { for (x, _) in DataLoader(numbers(2), batchSize: 1).epoch(0) { _ = layer(x) } }
        layer(Tensor.ones([1, 1])).sum().backward()  // a batch made by hand
      }
    }
    #expect(Self.warnings(in: result?.standardErrorContent) == [])
  }

  @Test func theRootOfAMeanIsNotTheMeanOfRoots() async {
    let result = await #expect(
      processExitsWith: .success, observing: [\.standardErrorContent]
    ) {
      _ = withThreadRanks(2) { world in
        let layer = Linear(1, 1)
        layer.averageGradients(over: world)
        for (x, _) in DataLoader(numbers(8), batchSize: 4, shardedOver: world).epoch(0) {
          mseLoss(layer(x), x).squareRoot().backward()
        }
      }
    }
    let warnings = Self.warnings(in: result?.standardErrorContent)
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("not that of the mean over the whole batch") == true)
  }

  @Test func ordersThatDifferEndTheJob() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = withThreadRanks(2) { world in
        let layer = Linear(1, 2)
        layer.averageGradients(over: world)
        let batches = DataLoader(
          numbers(8), batchSize: 4, shuffledBy: UInt64(world.rank), shardedOver: world)
        for (x, y) in batches.epoch(1) { crossEntropy(layer(x), y).backward() }
      }
    }
    let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(
      errors.contains("the orders of the samples differ in shuffledBy: rank 0 has 0, rank 1 has 1"),
      "\(errors)")
  }
}

/// A set of `count` numbers.
private func numbers(_ count: Int) -> InMemoryDataset<Float, Int32> {
  InMemoryDataset(
    inputs: (0..<count).map(Float.init), shape: [1], labels: [Int32](repeating: 0, count: count))
}
