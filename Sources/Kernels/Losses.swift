package import CKernels
import Parallel

/// Elements below which a second thread costs more than it brings.
private let lossGrain = 8_192

/// A loss of pairs of an input and a target, fused with its sum and its gradients; see
/// `lk_pair_loss`. Operands are columns: rows of one element.
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
    _ count: Int, _ input: RowOperand, _ target: RowOperand, p: Float, into out: RowOperand
  ) {
    parallelRanges(count, grain: lossGrain) { range in
      forEachRowBlock(range, [input, target, out]) { values($1, $2[2], $2[0], $2[1], p) }
    }
  }

  /// The sum of all losses.
  package func sum(
    _ count: Int, _ input: RowOperand, _ target: RowOperand, p: Float
  ) -> Double {
    blockwiseSum(count) { first, count in
      var total = 0.0
      forEachRowBlock(first..<(first + count), [input, target]) {
        total += sum($1, $2[0], $2[1], p)
      }
      return total
    }
  }

  /// `out[i]` = the slope of loss i in its input, or its target with `ofTarget`, times `factor` and
  /// the gradient i: of every loss its own, or `isOne` for all.
  package func gradient(
    _ count: Int, ofTarget: Bool, _ gradient: RowOperand, isOne: Bool, factor: Float,
    _ input: RowOperand, _ target: RowOperand, p: Float, into out: RowOperand
  ) {
    let kernel = ofTarget ? targetGradient : inputGradient
    parallelRanges(count, grain: lossGrain) { range in
      if isOne {
        forEachRowBlock(0..<1, [gradient]) { _, _, one in
          forEachRowBlock(range, [input, target, out]) { _, count, at in
            kernel(count, at[2], one[0], true, factor, at[0], at[1], p)
          }
        }
      } else {
        forEachRowBlock(range, [input, target, out, gradient]) { _, count, at in
          kernel(count, at[2], at[3], false, factor, at[0], at[1], p)
        }
      }
    }
  }
}
