import ArgumentParser
import Lockstep
import ModelZoo

/// The networks that can be trained: the value of `--model`.
enum ModelName: String, ExpressibleByArgument, CaseIterable, Encodable {
  case mlp, lenet, resnet20, gpt, rnn, lstm

  /// A fresh network for what `signature` says, with weights that `seed` decides; `data` is for
  /// messages.
  func make(for signature: ModelSignature, data: DataSource, seed: UInt64) throws -> any Layer {
    func unfit(_ reason: String) -> ConfigurationError {
      .unfit(model: rawValue, data: data.description, reason: reason)
    }
    let generator = Generator(seed: seed)
    let outputs = signature.outputs
    switch (signature.input, self) {
    case (.characters(let context), .gpt):
      return GPT(GPTConfiguration(vocabulary: outputs, context: context), generator: generator)
    case (.characters, .rnn):
      return RecurrentLanguageModel(.rnn, vocabulary: outputs, generator: generator)
    case (.characters, .lstm):
      return RecurrentLanguageModel(.lstm, vocabulary: outputs, generator: generator)
    case (.characters, _): throw unfit("it does not read text; take gpt, rnn or lstm")
    case (.numbers, .gpt), (.numbers, .rnn), (.numbers, .lstm):
      throw unfit("it reads text only (--data text:FILE)")
    case (.numbers(let shape), .mlp):
      return MLP([shape.elementCount, 512, 512, outputs], generator: generator)
    case (.numbers(let shape), .lenet), (.numbers(let shape), .resnet20):
      guard shape.count == 3, shape[1] >= 4, shape[2] >= 4 else {
        throw unfit("it needs images, and these samples have the shape \(shape)")
      }
      return self == .lenet
        ? LeNet(
          channels: shape[0], height: shape[1], width: shape[2], classes: outputs,
          generator: generator)
        : ResNet(channels: shape[0], classes: outputs, generator: generator)
    }
  }

  /// How many weights such a network has at least, without making one.
  func leastWeights(for signature: ModelSignature) -> Int {
    switch (signature.input, self) {
    case (.numbers(let shape), .mlp): 512 * shape.elementCount
    case (.numbers(let shape), .lenet) where shape.count == 3:
      64 * (shape[1] / 4) * (shape[2] / 4) * 128
    case (.numbers, _): 64 * signature.outputs
    case (.characters(let context), .gpt): 128 * (context + signature.outputs)
    case (.characters, _): 128 * signature.outputs
    }
  }
}
