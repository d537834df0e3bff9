import ArgumentParser
import Lockstep
import ModelZoo

/// A model, an optimiser and synthetic data of one of the standard benchmarks.
enum Workload: String, ExpressibleByArgument, CaseIterable {
  case mlp, rnn

  func make(_ world: any Communicator) -> BenchSession {
    let generator = Generator(seed: 1, stream: UInt64(world.rank))
    switch self {
    case .mlp:
      let model = MLP([784, 512, 512, 10])
      model.averageGradients(over: world)
      let optimizer = SGD(model.parameters(), learningRate: 0.01, momentum: 0.9)
      let inputs = Tensor.normal([128, 784], generator: generator)
      let targets = Tensor.randomIntegers([128], in: 0..<10, generator: generator)
      return BenchSession(batchSize: 128, optimizer: optimizer) {
        crossEntropy(model(inputs), targets)
      }
    case .rnn:
      let model = UnrolledRNN(inputs: 64, stateSize: 128, outputs: 64)
      model.averageGradients(over: world)
      let optimizer = SGD(model.parameters(), learningRate: 0.01, momentum: 0.9)
      let inputs = Tensor.normal([50, 16, 64], generator: generator)
      let targets = Tensor.normal([50, 16, 64], generator: generator)
      return BenchSession(batchSize: 16, optimizer: optimizer) {
        var total = Tensor(Float(0))
        for (t, output) in model(inputs).enumerated() {
          total = total + mseLoss(output, targets[t])
        }
        return total / 50
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
