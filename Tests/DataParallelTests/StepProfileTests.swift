import Communication
import DataParallel
import NeuralNet
import Optimizers
import TensorCore
import TestSupport
import Testing

/// Where the time of a step is said to go, by a clock that stands still but where a test moves it.
@Suite struct StepProfileTests {
  /// What a rank returns from `train`.
  private struct Result: Sendable {
    let split: StepSplit
    /// Whether rank 0 came to wait, in every step, before time went on.
    let waited: Bool
  }

  /// Three steps, in each of which rank 1 loads data for 100 ms and computes for 60 ms while rank 0,
  /// if there is one, waits for it.
  ///
  /// Time must pass while rank 0 waits, and not before. It looks at the clock equally often in all
  /// steps, and twice after it has waited, at the end of the exchange and of the step: so a step in
  /// which no time passes shows when it is about to wait.
  private static func train(_ world: any Communicator, _ clock: StoppedClock) -> Result {
    let network = SmallNetwork(seed: 1)
    network.averageGradients(over: world, bucketBytes: 256).comparisonInterval = 0
    let optimizer = SGD(network.parameters(), learningRate: 0.1)
    var waited = true
    var readings = 0
    let times = (0..<5).map { step in
      world.barrier()
      let before = clock.readings(of: 0)
      world.barrier()
      let times = world.profile.measure {
        optimizer.zeroGrad()
        world.note(.dataLoading)
        if step >= 2, world.rank == world.size - 1 {
          let isWaiting = { world.isRoot || clock.readings(of: 0) == before + readings - 2 }
          waited = waitUntil(isWaiting) && waited
          clock.move(milliseconds: 100)
        }
        world.note(.forward)
        if step >= 2, world.rank == world.size - 1 { clock.move(milliseconds: 60) }
        network.loss(0..<8).backward()
        optimizer.step()
      }.1
      world.barrier()
      readings = clock.readings(of: 0) - before
      world.barrier()
      return times
    }
    return Result(split: StepSplit(of: Array(times[2...]), over: world), waited: waited)
  }

  private func expect(
    _ split: StepSplit, compute: Double, waiting: Double, data: Double,
    at location: SourceLocation = #_sourceLocation
  ) {
    let found = [split.compute, split.communication, split.waiting, split.data]
    let expected = [compute, 0, waiting, data]
    let isClose = matched(found, expected).allSatisfy { abs($0 - $1) < 1e-9 }
    #expect(isClose, "\(split)", sourceLocation: location)
  }

  @Test(arguments: [true, false])
  func whoIsNotSlowWaits(_ sharingMemory: Bool) {
    let clock = StoppedClock(ranks: 2)
    let results = withSimulatedRanks(2, sharingMemory: sharingMemory, clock: clock) {
      Self.train($0, clock)
    }
    #expect(results.allSatisfy { $0.waited })
    #expect(results[0].split == results[1].split, "all ranks know the same")
    #expect(results[0].split.slowestRank == 1)
    // Means over two ranks: rank 0 waits for 160 ms.
    expect(results[0].split, compute: 0.03, waiting: 0.08, data: 0.05)
  }

  @Test func oneRankNeitherWaitsNorTalks() {
    let clock = StoppedClock(ranks: 1)
    let results = withSimulatedRanks(1, clock: clock) { Self.train($0, clock) }
    expect(results[0].split, compute: 0.06, waiting: 0, data: 0.1)
  }

  /// Three ranks that are busy for 700, 400 and 650 ms of a second; the first and the last step,
  /// which took longer and shorter, are not ordinary.
  @Test func partsAreTheMeansOfOrdinarySteps() {
    let splits = withThreadRanks(3) { world in
      let exchanging = [0.3, 0.6, 0.35][world.rank]
      let loading = [0.1, 0.05, 0][world.rank]
      let ordinary = StepTimes(seconds: 1, exchanging: exchanging, loading: loading)
      let long = StepTimes(seconds: 9, exchanging: 8, loading: 0)
      let short = StepTimes(seconds: 0.01, exchanging: 0, loading: 0)
      return StepSplit(of: [long, ordinary, ordinary, short], over: world)
    }
    for split in splits {
      // Nobody waits for less than the busiest rank: 0, 300 and 50 ms.
      #expect(abs(split.waiting - 0.35 / 3) < 1e-9)
      #expect(abs(split.communication - 0.3) < 1e-9)
      #expect(abs(split.data - 0.05) < 1e-9)
      #expect(abs(split.compute - (1 - 0.35 / 3 - 0.35)) < 1e-9)
      #expect(split.slowestRank == 0)
    }
  }
}
