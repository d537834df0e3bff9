import Lockstep
import ModelZoo

/// A model, an optimiser and synthetic data of one of the standard benchmarks.
package enum Workload: String, CaseIterable {
  case mlp, lenet, resnet20, gpt, gptBaby = "gpt-baby", rnn

  /// Samples per rank and step.
  package var batchSize: Int {
    switch self {
    case .mlp: 128
    case .lenet: 64
    case .resnet20: 32
    case .gpt: 12
    case .gptBaby: 8
    case .rnn: 16
    }
  }

  /// A training step on all ranks of `world` together, of a model with parameters of type `dtype`.
  func makeStep(_ world: any Communicator, storedAs dtype: DType) -> BenchedStep {
    func classifier(_ model: some Layer) -> BenchedStep {
      model.convert(to: dtype)
      return BenchedStep(model, momentum(model), dtype, world) { inputs, targets in
        crossEntropy(model.float32Output(for: inputs, storedAs: dtype), targets)
      }
    }
    switch self {
    case .mlp: return classifier(MLP([784, 512, 512, 10]))
    case .lenet: return classifier(LeNet(channels: 1, height: 28, width: 28, classes: 10))
    case .resnet20: return classifier(ResNet())
    case .gpt, .gptBaby:
      let model = GPT(sizes)
      model.convert(to: dtype)
      return BenchedStep(
        model, AdamW(model.parameters(), learningRate: 1e-3), dtype, world
      ) { inputs, targets in
        crossEntropy(
          model.float32Output(for: inputs, storedAs: dtype).flattened(to: 1), targets.flattened())
      }
    case .rnn:
      let model = UnrolledRNN(inputs: 64, stateSize: 128, outputs: 64)
      model.convert(to: dtype)
      return BenchedStep(model, momentum(model), dtype, world) { inputs, targets in
        let inputs = inputs.converted(to: dtype).transposed(0, 1)
        var total = Tensor(Float(0))
        for (t, output) in model(inputs).enumerated() {
          total = total + mseLoss(output.converted(to: .float32), targets.selected(t, axis: 1))
        }
        return total / 50
      }
    }
  }

  /// `count` samples, the same on all ranks.
  func makeData(_ count: Int) -> any Dataset {
    let generator = Generator(seed: 1)
    func numbers(_ shape: Shape) -> [Float] {
      Tensor.normal([count * shape.elementCount], generator: generator).array()
    }
    func indices(_ shape: Shape, below limit: Int32) -> [Int32] {
      Tensor.randomIntegers([count * shape.elementCount], in: 0..<limit, generator: generator)
        .array()
    }
    switch self {
    case .mlp, .lenet, .resnet20:
      let shape: Shape = self == .mlp ? [784] : self == .lenet ? [1, 28, 28] : [3, 32, 32]
      return InMemoryDataset(
        inputs: numbers(shape), shape: shape, labels: indices([], below: 10))
    case .gpt, .gptBaby:
      let (shape, limit): (Shape, _) = ([sizes.context], Int32(sizes.vocabulary))
      return InMemoryDataset(
        inputs: indices(shape, below: limit), shape: shape,
        targets: indices(shape, below: limit), targetShape: shape)
    case .rnn:
      let shape: Shape = [50, 64]
      return InMemoryDataset(
        inputs: numbers(shape), shape: shape, targets: numbers(shape), targetShape: shape)
    }
  }

  private var sizes: GPTConfiguration {
    self == .gpt
      ? GPTConfiguration(vocabulary: 65)
      : GPTConfiguration(vocabulary: 65, context: 256, layers: 6, heads: 6, width: 384)
  }

  private func momentum(_ model: some Module) -> any Optimizer {
    SGD(model.parameters(), learningRate: 0.01, momentum: 0.9)
  }
}

/// A training step that can be repeated.
struct BenchedStep {
  let model: Module
  let optimizer: any Optimizer
  private let scaler: GradientScaler
  private let loss: (_ inputs: Tensor, _ targets: Tensor) -> Tensor

  /// Steps of `optimizer` that bring down `loss` of `model`, on all ranks of `world` together.
  init(
    _ model: Module, _ optimizer: any Optimizer, _ dtype: DType,
    _ world: any Communicator, loss: @escaping (_ inputs: Tensor, _ targets: Tensor) -> Tensor
  ) {
    model.averageGradients(over: world)
    (self.model, self.optimizer) = (model, optimizer)
    scaler = GradientScaler(
      isEnabled: dtype.hasNarrowRange, naming: model.namedParameters())
    self.loss = loss
  }

  /// One step on this rank's share of a batch; returns the loss there.
  func callAsFunction(_ batch: (inputs: Tensor, targets: Tensor)) throws -> Double {
    optimizer.zeroGrad()
    let loss = loss(batch.inputs, batch.targets)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    try scaler.update()
    return loss.item()
  }
}
