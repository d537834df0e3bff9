import Diagnostics
public import TensorCore

/// How many rows of `logits` `[samples, classes]` are largest at their target `[samples]`.
public func correctPredictions(_ logits: Tensor, _ targets: Tensor) -> Int {
  check(
    logits.axisCount == 2 && targets.shape == [logits.shape[0]],
    "correctPredictions: logits \(logits.shape) and targets \(targets.shape)")
  let predicted = logits.argmax(axis: 1).array(of: Int64.self)
  return zip(predicted, targets.array(of: Int64.self)).count { $0 == $1 }
}

/// The mean of values that arrive one by one, such as the losses of batches.
///
/// With the number of samples of each batch it is the mean over all samples. Without, every batch
/// counts the same, so that the samples of a smaller last batch weigh more than others: quick, but
/// not the mean over the data set.
public struct RunningMean {
  private var total = 0.0
  private var weight = 0.0

  /// The mean of nothing yet.
  public init() {}

  /// Adds the mean `value` of `samples` samples. Stops for a negative number of them.
  public mutating func add(_ value: Double, samples: Int = 1) {
    check(samples >= 0, "RunningMean.add: the mean of \(samples) samples")
    guard samples > 0 else { return }
    total += value * Double(samples)
    weight += Double(samples)
  }

  /// The mean so far; NaN before the first value.
  public var mean: Double { total / weight }
}
