import Lockstep

/// What all ranks of a run must have in common, found out before the first step.
extension Train {
  /// The program and its options, as far as they decide what is computed.
  var facts: [(name: String, value: String)] {
    [
      ("program", programDigest()), ("--model", model.rawValue), ("--data", data.description),
      ("--epochs", "\(epochs ?? 10)"), ("--steps", steps.map(String.init) ?? "none"),
      ("--global-batch", "\(globalBatch)"), ("--optimizer", optimizer.rawValue),
      ("--learning-rate", "\(learningRate ?? optimizer.defaultLearningRate)"),
      ("--schedule", schedule.rawValue), ("--warmup", "\(warmup)"), ("--seed", "\(seed)"),
    ]
  }
}

extension Dataset {
  /// The size of the data called `name` and a digest of its samples.
  func facts(_ name: String) -> [(name: String, value: String)] {
    [
      ("the size of the \(name)", "\(count) samples of \(inputShape)"),
      ("the samples of the \(name)", "digest " + String(digest(), radix: 16)),
    ]
  }
}
