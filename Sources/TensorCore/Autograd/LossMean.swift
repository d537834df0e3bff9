import Diagnostics

/// A mean in the graph of a loss: its sum, divided by what counts.
///
/// Where the losses of several passes or ranks become one mean, it is their sums that add up, and what
/// they were divided by. So a mean says what that was.
package final class LossMean {
  /// What the sum was divided by: the targets that count, or their weights.
  package let divisor: Double
  /// The targets, those that do not count included.
  package let count: Int
  /// The mean.
  package let value: Float
  /// What the pass that goes on multiplies its gradient by; nil: nothing.
  package var weight: Float?
  /// Where there is a weight, the gradient that has reached the mean in the pass.
  private(set) var gradient: Float = 0

  init(_ value: Float, dividedBy divisor: Double, count: Int) {
    self.value = value
    self.divisor = divisor
    self.count = count
  }

  /// The gradient of the mean, weighed.
  func weighed(_ gradient: Tensor) -> Tensor {
    guard let weight else { return gradient }
    self.gradient = Float(gradient.item())
    return gradient * weight
  }
}

extension Tensor {
  /// Marks this result of a loss as the mean of `count` losses, their sum divided by `divisor`.
  func averaging(_ count: Int, dividedBy divisor: Double) -> Tensor {
    if let operation = node as? Operation {
      operation.mean = LossMean(Float(item()), dividedBy: divisor, count: count)
    }
    return self
  }

  /// This sum of losses divided by `divisor`: the mean of a loss of your own.
  ///
  /// Where a batch is computed in parts, on several ranks or in several passes, the gradient is that
  /// of the sum over all parts divided by the sum of their divisors: the one mean over the batch.
  /// A division by `/` does not say what it divides by, and each part then counts by its samples.
  ///
  /// ```swift
  /// let costs = crossEntropy(logits, labels, reduction: .none) * mask  // mask is 0 or 1
  /// costs.sum().averaged(over: mask.sum().item()).backward()
  /// ```
  ///
  /// A divisor of 0 gives NaN with a gradient of 0. Stops unless this is a scalar and `divisor` is
  /// finite and not negative.
  public func averaged(over divisor: Double) -> Tensor {
    check(count == 1, "averaged: a tensor of shape \(shape) is no scalar; sum() it first")
    check(
      divisor >= 0 && divisor.isFinite,
      "averaged: the divisor is \(divisor); it is what the sum is of, 0 or more")
    let factor = factorOfMean(divisor)
    return (detached() * (divisor == 0 ? .nan : factor))
      .recorded("averaged", edge { $0 * factor })
      .averaging(Swift.max(1, Int(Swift.min(divisor, 1e15).rounded())), dividedBy: divisor)
  }
}

/// 1 / `divisor`, by which the gradient of a sum becomes that of a mean; of nothing it is 0.
func factorOfMean(_ divisor: Double) -> Float { divisor == 0 ? 0 : Float(1 / divisor) }
