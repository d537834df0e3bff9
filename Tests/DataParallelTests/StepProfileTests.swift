import Communication
import DataParallel
import Glibc
import NeuralNet
import Optimizers
import TensorCore
import TestSupport
import Testing

/// Where the time of a step is said to go.
@Suite struct StepProfileTests {
  private static let steps = 4
  private static let pause = 0.1

  /// Steps before each of which rank 1 loads data for 100 ms and computes for another 100 ms, long
  /// beside what other work on the machine may take.
  private static func train(_ world: any Communicator) -> StepSplit {
    let network = SmallNetwork(seed: 1)
    network.averageGradients(over: world, bucketBytes: 256)
    let optimizer = SGD(network.parameters(), learningRate: 0.1)
    let times = (0..<steps).map { _ in
      world.profile.measure {
        optimizer.zeroGrad()
        world.note(.dataLoading)
        if world.rank == 1 { usleep(UInt32(pause * 1e6)) }
        world.note(.forward)
        if world.rank == 1 { usleep(UInt32(pause * 1e6)) }
        network.loss(0..<8).backward()
        optimizer.step()
      }.1
    }
    return StepSplit(of: times, over: world)
  }

  @Test(arguments: [true, false])
  func whoIsNotSlowWaits(_ sharingMemory: Bool) {
    let splits = withThreadRanks(2, sharingMemory: sharingMemory) { Self.train($0) }
    #expect(splits[0] == splits[1], "all ranks know the same")
    let split = splits[0]
    #expect(split.slowestRank == 1)
    // Means over two ranks: rank 0 waits for 200 ms in a step, rank 1 loads for half of them.
    #expect(split.waiting > 0.8 * Self.pause && split.waiting < 1.5 * Self.pause, "\(split)")
    #expect(split.data >= 0.5 * Self.pause && split.data < 0.8 * Self.pause)
    #expect(split.compute >= 0.5 * Self.pause)
    #expect(split.communication > 0)
    #expect(split.communication < 0.5 * Self.pause, "waiting is no communication")
  }

  @Test func oneRankNeitherWaitsNorTalks() {
    let split = Self.train(SoloCommunicator())
    #expect(split.waiting == 0)
    #expect(split.communication < 0.001)
  }
}
