import ArgumentParser
import Lockstep
import ModelZoo

/// The networks that can be trained: the value of `--model`.
enum ModelName: String, ExpressibleByArgument, CaseIterable {
  case mlp, lenet, resnet20, gpt, rnn, lstm

  /// Whether it predicts the next character of a text.
  var readsText: Bool { [.gpt, .rnn, .lstm].contains(self) }

  /// A fresh network for samples of `inputShape`, with weights that `seed` decides.
  func make(for goal: LearningTask.Goal, inputShape: Shape, data: String, seed: UInt64) throws
    -> any Layer
  {
    func unfit(_ reason: String) -> ConfigurationError {
      .unfit(model: rawValue, data: data, reason: reason)
    }
    let generator = Generator(seed: seed)
    switch (goal, self) {
    case (.characters(let vocabulary, let context), .gpt):
      return GPT(
        GPTConfiguration(vocabulary: vocabulary.count, context: context), generator: generator)
    case (.characters(let vocabulary, _), .rnn), (.characters(let vocabulary, _), .lstm):
      return RecurrentLanguageModel(
        self == .rnn ? .rnn : .lstm, vocabulary: vocabulary.count, generator: generator)
    case (.characters, _): throw unfit("it does not read text; take gpt, rnn or lstm")
    case (_, .gpt), (_, .rnn), (_, .lstm): throw unfit("it reads text only (--data text:FILE)")
    case (.classes(let outputs), .mlp), (.numbers(let outputs), .mlp):
      return MLP([inputShape.elementCount, 512, 512, outputs], generator: generator)
    case (.classes(let outputs), _), (.numbers(let outputs), _):
      guard inputShape.count == 3, inputShape[1] >= 4, inputShape[2] >= 4 else {
        throw unfit("it needs images, and these samples have the shape \(inputShape)")
      }
      return self == .lenet
        ? LeNet(
          channels: inputShape[0], height: inputShape[1], width: inputShape[2], classes: outputs,
          generator: generator)
        : ResNet(channels: inputShape[0], classes: outputs, generator: generator)
    }
  }
}
