import ArgumentParser
import Lockstep
import ModelZoo

/// A model, an optimiser and synthetic data of one of the standard benchmarks.
enum Workload: String, ExpressibleByArgument, CaseIterable {
  case mlp

  func make(_ world: any Communicator) -> BenchSession {
    switch self {
    case .mlp:
      let generator = Generator(seed: 1, stream: UInt64(world.rank))
      let model = MLP([784, 512, 512, 10])
      model.averageGradients(over: world)
      let optimizer = SGD(model.parameters(), learningRate: 0.01, momentum: 0.9)
      let inputs = Tensor.normal([128, 784], generator: generator)
      let targets = Tensor.randomIntegers([128], in: 0..<10, generator: generator)
      return BenchSession(batchSize: 128, optimizer: optimizer) {
        crossEntropy(model(inputs), targets)
      }
    }
  }
}

/// A training step that can be repeated.
struct BenchSession {
  /// Samples per rank and step.
  let batchSize: Int
  let optimizer: any Optimizer
  /// The forward pass.
  let loss: () -> Tensor

  /// One step; returns this rank's loss.
  func step() -> Double {
    optimizer.zeroGrad()
    let loss = loss()
    loss.backward()
    optimizer.step()
    return loss.item()
  }
}
