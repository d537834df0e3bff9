import ArgumentParser
import Lockstep
import ModelZoo

/// A model, an optimiser and synthetic data of one of the standard benchmarks.
enum Workload: String, ExpressibleByArgument, CaseIterable {
  case mlp, lenet, resnet20, gpt, gptBaby = "gpt-baby", rnn

  /// Samples per rank and step.
  var batchSize: Int {
    switch self {
    case .mlp: 128
    case .lenet: 64
    case .resnet20: 32
    case .gpt: 12
    case .gptBaby: 8
    case .rnn: 16
    }
  }

  /// A step over `batch` samples on this rank.
  func make(_ world: any Communicator, _ precision: Precision, batch: Int) -> BenchSession {
    let generator = Generator(seed: 1, stream: UInt64(world.rank))
    func classifier(_ model: some Layer, _ shape: Shape) -> BenchSession {
      model.convert(to: precision.dtype)
      let inputs = Tensor.normal(shape, generator: generator).converted(to: precision.dtype)
      let targets = Tensor.randomIntegers([shape[0]], in: 0..<10, generator: generator)
      return BenchSession(model, momentum(model), precision, world) {
        crossEntropy(model(inputs).converted(to: .float32), targets)
      }
    }
    func languageModel(_ sizes: GPTConfiguration) -> BenchSession {
      let model = GPT(sizes)
      model.convert(to: precision.dtype)
      let shape: Shape = [batch, sizes.context]
      let range = 0..<Int32(sizes.vocabulary)
      let inputs = Tensor.randomIntegers(shape, in: range, generator: generator)
      let targets = Tensor.randomIntegers(shape, in: range, generator: generator)
      return BenchSession(
        model, AdamW(model.parameters(), learningRate: 1e-3), precision, world
      ) {
        crossEntropy(model(inputs).converted(to: .float32).flattened(to: 1), targets.flattened())
      }
    }
    switch self {
    case .mlp: return classifier(MLP([784, 512, 512, 10]), [batch, 784])
    case .lenet:
      return classifier(LeNet(channels: 1, height: 28, width: 28, classes: 10), [batch, 1, 28, 28])
    case .resnet20: return classifier(ResNet(), [batch, 3, 32, 32])
    case .gpt: return languageModel(GPTConfiguration(vocabulary: 65))
    case .gptBaby:
      return languageModel(
        GPTConfiguration(vocabulary: 65, context: 256, layers: 6, heads: 6, width: 384))
    case .rnn:
      let model = UnrolledRNN(inputs: 64, stateSize: 128, outputs: 64)
      model.convert(to: precision.dtype)
      let inputs = Tensor.normal([50, batch, 64], generator: generator)
        .converted(to: precision.dtype)
      let targets = Tensor.normal([50, batch, 64], generator: generator)
      return BenchSession(model, momentum(model), precision, world) {
        var total = Tensor(Float(0))
        for (t, output) in model(inputs).enumerated() {
          total = total + mseLoss(output.converted(to: .float32), targets[t])
        }
        return total / 50
      }
    }
  }

  private func momentum(_ model: some Module) -> any Optimizer {
    SGD(model.parameters(), learningRate: 0.01, momentum: 0.9)
  }
}

/// A training step that can be repeated.
struct BenchSession {
  private let optimizer: any Optimizer
  private let scaler: GradientScaler
  private let loss: () -> Tensor

  /// Steps of `optimizer` that bring down `loss`, on all ranks of `world` together.
  init(
    _ model: some Module, _ optimizer: any Optimizer, _ precision: Precision,
    _ world: any Communicator, loss: @escaping () -> Tensor
  ) {
    model.averageGradients(over: world)
    self.optimizer = optimizer
    scaler = GradientScaler(isEnabled: precision == .float16, naming: model.namedParameters())
    self.loss = loss
  }

  /// One step; returns this rank's loss.
  func step() throws -> Double {
    optimizer.zeroGrad()
    let loss = loss()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    try scaler.update()
    return loss.item()
  }
}
