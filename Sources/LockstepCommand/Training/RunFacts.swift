import Lockstep

/// What all ranks of a run must have in common, found out before the first step.
extension Train {
  /// The program and its options, as far as they decide what is computed.
  var facts: [(name: String, value: String)] {
    let recipe = recipe
    return [
      ("program", programDigest()), ("--model", model.rawValue), ("--data", data.description),
      ("--target", target ?? "none"), ("--ignore", ignore ?? "none"),
      ("--loss", loss?.rawValue ?? "default"),
      ("--epochs", recipe.epochs.map(String.init) ?? "none"),
      ("--steps", recipe.steps.map(String.init) ?? "none"),
      ("--global-batch", "\(recipe.globalBatch)"),
      ("--micro-batches", microBatches.map(String.init) ?? "one per rank"),
      ("--reproducible", "\(reproducible)"), ("--wire", wire?.rawValue ?? "as stored"),
      ("--overlap", overlap.rawValue), ("--shard-optimizer", "\(shardOptimizer)"),
      ("--optimizer", recipe.optimizer.rawValue),
      ("--learning-rate", "\(recipe.learningRate)"), ("--schedule", schedule.rawValue),
      ("--warmup", "\(recipe.warmup)"), ("--clip-norm", "\(recipe.clipNorm ?? .infinity)"),
      ("--precision", precision.rawValue),
      ("--evaluate-every", evaluateEvery.map(String.init) ?? "default"), ("--seed", "\(seed)"),
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
