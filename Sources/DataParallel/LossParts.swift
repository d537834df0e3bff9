import Communication
import Diagnostics
import Steps
import TensorCore

/// What the parts of a pass's loss are divided by: its means, and what else it is computed from, which
/// counts as a mean over samples.
struct LossParts {
  private let loss: PassLoss
  /// At least one; those of the means come first.
  let divisors: [Double]
  /// The targets of the first part, those that do not count included.
  let count: Double
  /// The samples of the pass; one where nobody has said how many there are.
  let samples: Double

  /// The parts of `loss` over `share` of a batch. An empty share counts nothing.
  init(_ loss: PassLoss, _ share: BatchShare?) {
    self.loss = loss
    samples = share.map { Double($0.local) } ?? 1
    let means = loss.means.map(\.divisor) + (loss.hasOtherParts ? [samples] : [])
    divisors = share?.local == 0 ? means.map { _ in 0 } : means
    count = loss.means.first.map { Double($0.count) } ?? samples
  }

  /// Weighs each part by its share of the divisors of all ranks; collective, for steps of one pass on
  /// every rank. Returns the weight of the pass.
  ///
  /// Every mean gets a weight of its own; the rest has that of the pass.
  func weigh(over world: any Communicator) -> Float {
    let totals = world.sum(divisors)
    let shares = zip(divisors, totals).map { $1 == 0 ? 0 : $0 / $1 }
    let weight = loss.hasOtherParts ? shares[shares.count - 1] : 1
    requirePlainSum(shares)
    for (mean, share) in zip(loss.means, shares) {
      mean.weight = weight == 0 ? 0 : Float(share / weight)
    }
    return Float(weight)
  }

  /// Stops where parts weigh differently and the loss is no sum of multiples of them: what it was
  /// computed by has used this rank's means, and not those of all.
  private func requirePlainSum(_ shares: [Double]) {
    guard loss.combination > .sum, let least = shares.min(), let most = shares.max() else { return }
    check(
      most - least <= 1e-6 * most,
      """
      backward: a loss of several means that are divided by different numbers \
      (\(divisors.map { "\($0)" }.joined(separator: ", "))) must be their sum, each times a constant: \
      on several ranks no other combination has a gradient that can be averaged; add them up, or \
      divide all by one number with sum().averaged(over:)
      """)
  }

  /// Takes the weights off the means again; returns what a pass of this `weight` adds to the loss of
  /// the step.
  func finish(weight: Float, scale: Float) -> Float {
    defer { for mean in loss.means { mean.weight = nil } }
    return weight == 0 ? 0 : loss.weighedValue(passWeight: weight, scale: scale)
  }
}
