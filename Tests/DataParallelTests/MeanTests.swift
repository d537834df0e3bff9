import Communication
import DataLoading
import DataParallel
import NeuralNet
import Optimizers
import Steps
import TensorCore
import TestSupport
import Testing

/// Twelve samples of four positions each, of five classes, and a number for each sample.
private struct Samples {
  let inputs = Tensor.normal([12, 4, 3], generator: Generator(seed: 1))
  let numbers = Tensor.normal([12, 2], generator: Generator(seed: 3))
  let words: Tensor
  let otherWords: Tensor

  /// Ignored are most targets of the first samples, all of samples 4 to 7, and few of the last.
  init() {
    words = Self.words(seed: 2) { $0 < 4 ? 3 : $0 < 8 ? 4 : 1 }
    otherWords = Self.words(seed: 5) { $0 < 6 ? 0 : 3 }
  }

  private static func words(seed: UInt64, ignoring count: (Int) -> Int) -> Tensor {
    let all = Tensor.randomIntegers([48], in: 0..<5, generator: Generator(seed: seed))
      .array(of: Int32.self)
    let kept = all.enumerated().map { $0 % 4 < count($0 / 4) ? -100 : $1 }
    return Tensor(kept, shape: [12, 4])
  }
}

private final class Network: Module {
  let first = Linear(3, 6, generator: Generator(seed: 11))
  let head = Linear(6, 5, generator: Generator(seed: 12))
  let other = Linear(6, 5, generator: Generator(seed: 13))
  let number = Linear(6, 2, generator: Generator(seed: 14))

  /// `[samples * 4, 6]`.
  func features(_ indices: Tensor, _ samples: Samples) -> Tensor {
    tanh(first(samples.inputs.indexSelected(indices, axis: 0).flattened(to: 1)))
  }
}

/// The loss of a model on the samples with these indices, of one pass.
private typealias Loss = @Sendable (Network, Samples, _ indices: Tensor) -> [Tensor]

private let losses: [(name: String, loss: Loss)] = [
  (
    "ignored targets",
    { [crossEntropy($0.head($0.features($2, $1)), words($1.words, $2))] }
  ),
  (
    "weights of classes",
    {
      let weight = Tensor([0.1, 9, 1, 0.5, 3] as [Float])
      return [
        crossEntropy($0.head($0.features($2, $1)), words($1.words, $2), weight: weight) * 0.5
      ]
    }
  ),
  (
    "nllLoss",
    { [nllLoss(logSoftmax($0.head($0.features($2, $1)), axis: 1), words($1.words, $2))] }
  ),
  (
    "mean of numbers",
    { network, samples, indices in
      let features = network.features(indices, samples).reshaped([-1, 4, 6]).mean(axis: 1)
      return [mseLoss(network.number(features), samples.numbers.indexSelected(indices, axis: 0))]
    }
  ),
  (
    "nobody says what of",
    { network, samples, indices in
      let features = network.features(indices, samples).reshaped([-1, 4, 6]).mean(axis: 1)
      let costs = (network.number(features) - samples.numbers.indexSelected(indices, axis: 0)).abs()
      return [costs.sum() / Float(max(1, indices.count))]
    }
  ),
  (
    "a loss of one's own",
    { network, samples, indices in
      let words = words(samples.words, indices)
      let costs = crossEntropy(
        network.head(network.features(indices, samples)), words, reduction: .none)
      return [costs.sum().averaged(over: (words .>= 0).sum().item())]
    }
  ),
  (
    "two means of one number",
    { network, samples, indices in
      let features = network.features(indices, samples)
      let words = words(samples.words, indices)
      let heads = [network.head(features), network.other(features)].map { crossEntropy($0, words) }
      return [stack(heads).mean()]
    }
  ),
  (
    "two losses one after the other",
    { network, samples, indices in
      let features = network.features(indices, samples).reshaped([-1, 4, 6]).mean(axis: 1)
      let numbers = samples.numbers.indexSelected(indices, axis: 0)
      return [
        mseLoss(network.number(features), numbers), l1Loss(network.number(features), numbers) * 2,
      ]
    }
  ),
]

/// Two heads that ignore different targets, and a penalty.
private let severalMeans: Loss = { network, samples, indices in
  let features = network.features(indices, samples)
  let first = crossEntropy(network.head(features), words(samples.words, indices))
  let second = crossEntropy(network.other(features), words(samples.otherWords, indices))
  return [first + 0.5 * second + network.first.weight.squared().sum() * 0.1]
}

private func words(_ all: Tensor, _ indices: Tensor) -> Tensor {
  all.indexSelected(indices, axis: 0).flattened()
}

/// How a batch of twelve is computed.
private enum Way: Equatable {
  case plain
  case microBatches(Int, reproducible: Bool)
  case accumulating(Int)
}

/// What a step leaves: all gradients, and the loss.
private struct Outcome: Equatable {
  var gradients: [[Float]] = []
  var loss: Float = 0

  func isClose(to other: Outcome) -> Bool {
    gradients.map(\.count) == other.gradients.map(\.count)
      && zip(gradients.joined(), other.gradients.joined()).allSatisfy { abs($0 - $1) <= 2e-6 }
      && abs(loss - other.loss) <= 2e-6 * (1 + abs(other.loss))
  }
}

private func outcome(_ way: Way, over world: any Communicator, _ loss: Loss) -> Outcome {
  let samples = Samples()
  let network = Network()
  var (microBatches, passes, reproducible) = (Int?.none, 1, false)
  switch way {
  case .plain: break
  case .microBatches(let count, let bits): (microBatches, reproducible) = (count, bits)
  case .accumulating(let count): passes = count
  }
  let reducer = network.averageGradients(
    over: world, accumulating: passes, reproducible: reproducible, bucketBytes: 128)
  let optimizer = SGD(network.parameters(), learningRate: 0)
  let data = InMemoryDataset(
    inputs: (0..<12).map(Float.init), shape: [], labels: [Int32](repeating: 0, count: 12))
  let batches = DataLoader(
    data, batchSize: 12 / passes, shuffledBy: 6, shardedOver: world, microBatches: microBatches)
  func pass(_ inputs: Tensor) {
    let parts = loss(network, samples, inputs.converted(to: .int64))
    for (index, part) in parts.enumerated() {
      part.backward(retainGraph: index < parts.count - 1)
    }
  }
  if microBatches == nil {
    for (inputs, _) in batches.epoch(1) { pass(inputs) }
  } else {
    for batch in batches.epoch(1).globalBatches {
      for (inputs, _) in batch.microBatches { pass(inputs) }
      optimizer.step()
    }
  }
  optimizer.step()
  return Outcome(
    gradients: network.parameters().map { $0.grad?.floats ?? [] }, loss: reducer.loss)
}

@Suite(.serialized) struct MeanTests {
  /// The gradient of the one mean over the batch, without anybody who averages.
  private static func whole(_ loss: Loss) -> Outcome {
    let (network, samples) = (Network(), Samples())
    let values = loss(network, samples, Tensor((0..<12).map { Int64($0) }))
    for (index, value) in values.enumerated() {
      value.backward(retainGraph: index < values.count - 1)
    }
    return Outcome(
      gradients: network.parameters().map { $0.grad?.floats ?? [] },
      loss: Float(values.reduce(0) { $0 + $1.item() }))
  }

  @Test(arguments: losses.indices, Place.allCases)
  func everySplitGivesTheOneMean(_ index: Int, _ place: Place) {
    let (name, loss) = losses[index]
    let whole = Self.whole(loss)
    #expect(whole.loss.isFinite && whole.gradients[0].contains { abs($0) > 1e-3 })
    let isOneLoss = index < losses.count - 1
    for size in [1, 2, 3, 4] {
      var ways: [Way] = [.plain]
      for count in [1, 3, 4, 6, 12] {
        ways.append(.microBatches(count, reproducible: false))
        if isOneLoss { ways.append(.microBatches(count, reproducible: true)) }
      }
      if isOneLoss { ways += [.accumulating(2), .accumulating(3)] }
      for way in ways {
        let ranks = withRanks(size, place) { outcome(way, over: $0, loss) }
        #expect(ranks.allSatisfy { $0 == ranks[0] }, "\(name), \(size) ranks, \(way)")
        #expect(ranks[0].isClose(to: whole), "\(name), \(size) ranks, \(way)")
      }
    }
  }

  @Test(arguments: losses.indices.dropLast(), Place.allCases)
  func bitsDoNotDependOnTheNumberOfRanks(_ index: Int, _ place: Place) {
    let loss = losses[index].loss
    let way = Way.microBatches(6, reproducible: true)
    let alone = outcome(way, over: SoloCommunicator(), loss)
    for size in [1, 2, 3, 4, 8] {
      let ranks = withRanks(size, place) { outcome(way, over: $0, loss) }
      #expect(ranks.allSatisfy { $0 == alone }, "\(losses[index].name), \(size) ranks")
    }
  }

  @Test(arguments: Place.allCases)
  func severalMeansAreExactWhereAStepIsOnePass(_ place: Place) {
    let whole = Self.whole(severalMeans)
    for size in [1, 2, 3, 4] {
      for way in [Way.plain, .microBatches(size, reproducible: false)] {
        let ranks = withRanks(size, place) { outcome(way, over: $0, severalMeans) }
        #expect(ranks.allSatisfy { $0 == ranks[0] })
        #expect(ranks[0].isClose(to: whole), "\(size) ranks, \(way)")
      }
    }
  }

  @Test(arguments: [1, 2])
  func severalMeansStopWhereTheyCannotBeExact(_ size: Int) async {
    for reproducible in [false, true] {
      let result = await #expect(
        processExitsWith: .failure, observing: [\.standardErrorContent]
      ) { [size = size as Int, reproducible = reproducible as Bool] in
        _ = withThreadRanks(size) {
          outcome(.microBatches(4, reproducible: reproducible), over: $0, severalMeans)
        }
      }
      let errors = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
      #expect(
        errors.contains("are divided by numbers whose ratio is not the same in all its passes"),
        "\(errors)")
    }
  }

  /// Nothing counts: the loss is no number, as in PyTorch, and the gradient zero.
  @Test(arguments: [Way.plain, .microBatches(4, reproducible: true)].indices)
  func whereNothingCountsTheGradientIsZero(_ way: Int) {
    let way = [Way.plain, .microBatches(4, reproducible: true)][way]
    let ranks = withThreadRanks(2) { world in
      outcome(way, over: world) {
        [crossEntropy($0.head($0.features($2, $1)), words($1.words * 0 - 100, $2))]
      }
    }
    for rank in ranks {
      #expect(rank.loss.isNaN && rank.gradients[0].count == 18)
      #expect(rank.gradients.joined().allSatisfy { $0 == 0 })
    }
  }

  /// Four samples, all inputs 1, no weights yet: in one pass the bias has a gradient of ±0.4.
  @Test(arguments: [1, 2, 4])
  func classesThatWeighMore(_ size: Int) {
    for microBatches in [1, 2, 4] {
      let ranks = withThreadRanks(size) { world -> [Float] in
        let layer = Linear(3, 2)
        for parameter in layer.parameters() { parameter.fill(0) }
        layer.averageGradients(over: world)
        let data = InMemoryDataset(
          inputs: [Float](repeating: 1, count: 12), shape: [3], labels: [0, 0, 1, 1])
        let batches = DataLoader(
          data, batchSize: 4, shardedOver: world, microBatches: microBatches)
        for batch in batches.epoch(1).globalBatches {
          for (x, y) in batch.microBatches {
            crossEntropy(layer(x), y, weight: Tensor([1, 9] as [Float])).backward()
          }
          SGD(layer.parameters(), learningRate: 0).step()
        }
        return layer.bias?.grad?.floats ?? []
      }
      for bias in ranks {
        #expect(bias.count == 2 && abs(bias[0] - 0.4) < 1e-6 && abs(bias[1] + 0.4) < 1e-6)
      }
    }
  }

  /// One loss for the parameters of two models, each with somebody who averages.
  @Test func lossesOfSeveralModels() {
    @Sendable func gradients(over world: any Communicator) -> [Float] {
      let (body, head) = (
        Linear(3, 6, generator: Generator(seed: 1)), Linear(6, 5, generator: Generator(seed: 2))
      )
      body.averageGradients(over: world)
      head.averageGradients(over: world)
      let samples = Samples()
      let data = InMemoryDataset(
        inputs: (0..<12).map(Float.init), shape: [], labels: [Int32](repeating: 0, count: 12))
      for (x, _) in DataLoader(data, batchSize: 12, shardedOver: world).epoch(0) {
        let indices = x.converted(to: .int64)
        let inputs = samples.inputs.indexSelected(indices, axis: 0).flattened(to: 1)
        crossEntropy(head(tanh(body(inputs))), words(samples.words, indices)).backward()
      }
      return (body.parameters() + head.parameters()).flatMap { $0.grad?.floats ?? [] }
    }
    let alone = gradients(over: SoloCommunicator())
    for found in withThreadRanks(3, { gradients(over: $0) }) {
      #expect(found.count == alone.count)
      #expect(zip(found, alone).allSatisfy { abs($0 - $1) <= 2e-6 })
    }
  }
}
