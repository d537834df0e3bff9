package import CKernels

/// Elements below which a second thread costs more than it brings.
private let lossGrain = 8_192

/// A loss of pairs of an input and a target, fused with its sum and its gradients; see
/// `lk_pair_loss`.
package struct PairLossKernel: Sendable {
  private let values: lk_pair_loss
  private let sum: lk_pair_loss_sum
  private let inputGradient: lk_pair_loss_gradient
  private let targetGradient: lk_pair_loss_gradient

  /// The kernels of one loss.
  package init(
    _ values: @escaping lk_pair_loss, sum: @escaping lk_pair_loss_sum,
    inputGradient: @escaping lk_pair_loss_gradient, targetGradient: @escaping lk_pair_loss_gradient
  ) {
    self.values = values
    self.sum = sum
    self.inputGradient = inputGradient
    self.targetGradient = targetGradient
  }

  /// `out[i]` = the loss of pair i, with parameter `p`.
  package func values(
    _ count: Int, _ input: UnsafePointer<Float>, _ target: UnsafePointer<Float>, p: Float,
    into out: UnsafeMutablePointer<Float>
  ) {
    parallelRanges(count, grain: lossGrain) { range in
      let start = range.lowerBound
      values(range.count, out + start, input + start, target + start, p)
    }
  }

  /// The sum of all losses.
  package func sum(
    _ count: Int, _ input: UnsafePointer<Float>, _ target: UnsafePointer<Float>, p: Float
  ) -> Float {
    blockwiseSum(count) { first, count in sum(count, input + first, target + first, p) }
  }

  /// `out[i]` = the slope of loss i in its input, or its target with `ofTarget`, times `factor` and
  /// the gradient i: of every loss its own, or `isOne` for all.
  package func gradient(
    _ count: Int, ofTarget: Bool, _ gradient: UnsafePointer<Float>, isOne: Bool, factor: Float,
    _ input: UnsafePointer<Float>, _ target: UnsafePointer<Float>, p: Float,
    into out: UnsafeMutablePointer<Float>
  ) {
    let kernel = ofTarget ? targetGradient : inputGradient
    parallelRanges(count, grain: lossGrain) { range in
      let start = range.lowerBound
      kernel(
        range.count, out + start, isOne ? gradient : gradient + start, isOne, factor, input + start,
        target + start, p)
    }
  }
}
