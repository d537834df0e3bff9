import Lockstep
import ModelZoo
import TestSupport
import Testing

/// The reference models: how large they are, what they see, and that they learn.
@Suite(.serialized) struct ModelTests {
  private func parameterCount(_ model: Module) -> Int {
    model.parameters().reduce(0) { $0 + $1.count }
  }

  /// Counted by PyTorch for the same models.
  @Test func sizesAreThoseOfPyTorch() {
    #expect(parameterCount(MLP([784, 512, 512, 10])) == 669_706)
    #expect(parameterCount(LeNet(channels: 1, height: 28, width: 28, classes: 10)) == 421_642)
    #expect(parameterCount(ResNet()) == 272_474)
    #expect(parameterCount(GPT(GPTConfiguration(vocabulary: 65))) == 804_096)
    let lstm = RecurrentLanguageModel(.lstm, vocabulary: 65)
    #expect(parameterCount(lstm) == 946_625)
    #expect(parameterCount(RecurrentLanguageModel(.rnn, vocabulary: 65)) == 255_425)
  }

  private static let languageModels: [@Sendable () -> any Layer] = [
    {
      GPT(
        GPTConfiguration(vocabulary: 11, context: 8, layers: 2, heads: 2, width: 16),
        generator: Generator(seed: 1))
    },
    {
      RecurrentLanguageModel(
        .rnn, vocabulary: 11, features: 8, hidden: 16, generator: Generator(seed: 1))
    },
    {
      RecurrentLanguageModel(
        .lstm, vocabulary: 11, features: 8, hidden: 16, generator: Generator(seed: 1))
    },
  ]

  /// A later token changes no earlier prediction, and does change its own.
  @Test(arguments: languageModels.indices)
  func languageModelsDoNotSeeTheFuture(_ index: Int) {
    let model = Self.languageModels[index]()
    let first = Tensor([1, 2, 3, 4, 5, 6, 7, 8] as [Int32]).reshaped([1, 8])
    let second = Tensor([1, 2, 3, 4, 9, 6, 7, 8] as [Int32]).reshaped([1, 8])
    let (a, b) = (model(first), model(second))
    #expect(a.shape == [1, 8, 11])
    #expect(a[0, 0..<4].array(of: Float.self) == b[0, 0..<4].array(of: Float.self))
    for step in 4..<8 {
      #expect(a[0, step].array(of: Float.self) != b[0, step].array(of: Float.self), "\(step)")
    }
  }

  /// From the loss of a guess, ln 11, to nearly none on a sequence that repeats.
  @Test(arguments: languageModels.indices)
  func languageModelsLearnASequence(_ index: Int) {
    let model = Self.languageModels[index]()
    let optimizer = AdamW(model.parameters(), learningRate: 0.02)
    let inputs = Tensor((0..<32).map { Int32($0 * 3 % 11) }).reshaped([4, 8])
    let targets = (inputs + 3) % 11
    var losses: [Double] = []
    for _ in 0..<60 {
      optimizer.zeroGrad()
      let loss = crossEntropy(model(inputs).flattened(to: 1), targets.flattened())
      loss.backward()
      optimizer.step()
      losses.append(loss.item())
    }
    #expect(abs(losses[0] - 2.4) < 0.3)
    #expect(losses[59] < 0.1, "\(losses[59])")
  }

  @Test func imagesOfOtherSizesFit() {
    let images = Tensor.uniform([2, 3, 20, 28])
    #expect(LeNet(channels: 3, height: 20, width: 28, classes: 7)(images).shape == [2, 7])
    #expect(ResNet(blocksPerStage: 1, classes: 7)(images).shape == [2, 7])
  }

  @Test func tooLongATextStops() async {
    await #expect(processExitsWith: .failure) {
      let model = GPT(
        GPTConfiguration(vocabulary: 11, context: 8, layers: 1, heads: 1, width: 4))
      _ = model(Tensor.zeros([1, 9], .int32))
    }
  }
}
