package import Communication

/// How much each backward pass counts in the gradient of a step: what makes it the mean over all
/// samples of the step's global batches, whatever the sizes of the shares.
///
/// A pass is weighted when it begins, before it is known what else belongs to the step. The guess is
/// that all passes of the step are like the first; where they were not, `correction` puts it right.
package struct StepWeights {
  private let rankCount: Int
  private let passesPerStep: Int
  /// The samples that the step was taken to have when it began; nil before.
  private var expected: Double?
  /// The samples of the batches of the passes so far, on all ranks.
  private var total = 0.0
  /// How many passes of the step this rank has begun.
  package private(set) var passes = 0

  /// Weights for steps of `passesPerStep` passes on each of `rankCount` ranks.
  package init(rankCount: Int, passesPerStep: Int) {
    self.rankCount = rankCount
    self.passesPerStep = passesPerStep
  }

  /// Forgets the passes so far: gradients were cleared, and the next pass is the first of a step.
  package mutating func beginStep() {
    expected = nil
    total = 0
    passes = 0
  }

  /// The factor of a pass over `share` of a global batch; of one of equal parts without.
  package mutating func weightOfNextPass(_ share: BatchShare?) -> Float {
    passes += 1
    let local = Double(share?.local ?? 1)
    let global = Double(share?.global ?? rankCount)
    if passesPerStep == 1 || share?.microBatch != nil {
      return global == 0 ? 0 : Float(local / global)
    }
    if expected == nil { expected = global * Double(passesPerStep) }
    total += global
    guard let expected, expected > 0 else { return 0 }
    return Float(local / expected)
  }

  /// Whether the pass that began last should be the last of the step on this rank.
  package func isLast(_ share: BatchShare?) -> Bool {
    if let microBatch = share?.microBatch { return microBatch.isLastOfRank }
    return passesPerStep == 1 || passes == passesPerStep
  }

  /// The samples, on all ranks, of the passes so far; nil where every pass is a step.
  package var samples: Double? { expected == nil ? nil : total }

  /// What the weighted gradients of the passes so far are to be multiplied by.
  package var correction: Float {
    guard let expected, total > 0 else { return 1 }
    return Float(expected / total)
  }
}
