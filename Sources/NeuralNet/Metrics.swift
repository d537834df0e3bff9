import Diagnostics
public import TensorCore

/// How many rows of `logits` `[samples, classes]` are largest at their target `[samples]`.
public func correctPredictions(_ logits: Tensor, _ targets: Tensor) -> Int {
  check(
    logits.rank == 2 && targets.shape == [logits.shape[0]],
    "correctPredictions: logits \(logits.shape) and targets \(targets.shape)")
  let predicted = logits.argmax(axis: 1).array(of: Int64.self)
  return zip(predicted, targets.array(of: Int64.self)).count { $0 == $1 }
}
