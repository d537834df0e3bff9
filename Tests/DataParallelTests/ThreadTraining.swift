import Communication
import DataParallel
import Elements
import NeuralNet
import Optimizers
import TensorCore
import TestSupport

/// A network of several buckets.
final class SmallNetwork: Module {
  let first: Linear
  let second: Linear

  init(seed: UInt64) {
    let random = Generator(seed: seed)
    first = Linear(5, 19, generator: random)
    second = Linear(19, 3, generator: random)
  }

  func loss(_ samples: Range<Int>) -> Tensor {
    // All samples are drawn, so that a sample does not depend on who asks for it.
    let x = Tensor.normal([64, 5], generator: Generator(seed: 21))
      .converted(to: first.weight.dtype)
    let y = Tensor.randomIntegers([64], in: 0..<3, generator: Generator(seed: 22))
    return crossEntropy(
      second(tanh(first(x[samples]))).converted(to: .float32), y[samples])
  }

  /// All weights, one after another.
  var weights: [Float] { parameters().flatMap(\.floats) }
}

/// Where ranks are, and what they share.
enum Place: CaseIterable {
  case oneHost
  case withoutSharedMemory
  case hosts

  /// The ranks of each host, of `size` in all.
  func ranksPerHost(_ size: Int) -> [Int] {
    self == .hosts && size > 1 ? [size / 2, size - size / 2] : [size]
  }
}

/// Ranks in `place`, as `withThreadRanks` starts them.
func withRanks<Value: Sendable>(
  _ size: Int, _ place: Place, _ body: @escaping @Sendable (any Communicator) throws -> Value
) -> [Value] {
  withSimulatedRanks(
    size, ranksPerHost: place.ranksPerHost(size), sharingMemory: place != .withoutSharedMemory, body
  )
}

/// One backward pass of one rank: over which samples, of how many on all ranks.
struct Pass: Sendable {
  var samples: Range<Int>
  var global: Int?
}

/// Trains with the passes that `steps` gives for each step; returns the weights after every step.
func train(
  over world: any Communicator, accumulating: Int = 1, bucketBytes: Int = 256,
  measuringNorms: Bool = false, wireType: DType? = nil, _ steps: [[Pass]]
) -> [[Float]] {
  let network = SmallNetwork(seed: UInt64(world.rank))  // rank 0's wins
  network.averageGradients(
    over: world, accumulating: accumulating, wireType: wireType, bucketBytes: bucketBytes)
  let optimizer = SGD(network.parameters(), learningRate: 0.5, momentum: 0.9)
  return steps.map { passes in
    optimizer.zeroGrad()
    for pass in passes {
      world.step.batch = pass.global.map { BatchShare(local: pass.samples.count, global: $0) }
      if pass.samples.isEmpty {
        // What an empty share does: a graph that reaches the parameters, and no samples.
        (network.loss(0..<1) * 0).backward()
      } else {
        network.loss(pass.samples).backward()
      }
      // Needs final gradients, so it completes them in the middle of a step.
      if measuringNorms { _ = gradientNorm(network.parameters()) }
    }
    optimizer.step()
    return network.weights
  }
}
