import Diagnostics

/// How the learning rate that was found for one batch size becomes that of a larger global batch.
///
/// ```swift
/// let rate = LearningRateScaling.linear.rate(0.1, ofBatch: 256, forBatch: 8192)  // 3.2
/// let schedule = Schedule.cosine(from: rate, to: 0, over: steps).warmedUp(for: steps / 20)
/// ```
///
/// Batches are global: the samples of all ranks in one step. More ranks that share one global batch
/// need no other rate. Large rates need a warm-up.
public enum LearningRateScaling: Sendable {
  /// In proportion to the batch (Goyal et al., 2017): for SGD, as long as k small steps go about as
  /// far as one of k times the rate.
  case linear
  /// With the square root of the batch (Krizhevsky, 2014; You et al., 2020), which keeps the
  /// variance of a step: for Adam, LAMB and others that divide by the size of the gradient.
  case squareRoot

  /// The learning rate for batches of `batch` samples, where `rate` is right for `reference`
  /// samples. Stops unless both are positive.
  public func rate(_ rate: Float, ofBatch reference: Int, forBatch batch: Int) -> Float {
    check(
      reference > 0 && batch > 0,
      "LearningRateScaling: from a batch of \(reference) to one of \(batch); both must be positive")
    requireNotNegative("LearningRateScaling", ("rate", rate))
    let ratio = Double(batch) / Double(reference)
    return Float(Double(rate) * (self == .linear ? ratio : ratio.squareRoot()))
  }
}
