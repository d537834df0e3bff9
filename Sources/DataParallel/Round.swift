import TensorCore

/// What is under way between the first pass of a step and the exchange of its gradients.
struct Round {
  /// The gradients that were there before.
  let earlier: EarlierGradients?
  /// Whether this rank's current pass is its last of the round.
  var isLastPass = false
  /// The current pass: the parts of its loss, its weight, and what the loss is scaled by.
  var pass: (parts: LossParts, weight: Float, scale: Float)?
  /// How many gradients each bucket still waits for in this pass.
  private var missing: [Int] = []
  /// Which buckets are as this pass leaves them; of several passes only the last counts, unless each
  /// micro-batch's gradients are kept apart.
  private(set) var isContributed: [Bool]

  init(earlier: EarlierGradients?, buckets: Int) {
    self.earlier = earlier
    isContributed = Array(repeating: false, count: buckets)
  }

  /// Begins a pass, after which buckets are contributed again with `anew`.
  mutating func beginPass(_ layout: GradientLayout, anew: Bool) {
    missing = layout.plan.buckets.map(\.gradients.count)
    if anew { for bucket in isContributed.indices { isContributed[bucket] = false } }
  }

  /// Counts a gradient of `bucket`; returns whether it was the last one.
  mutating func hasLastGradient(of bucket: Int) -> Bool {
    missing[bucket] -= 1
    return missing[bucket] == 0
  }

  mutating func contribute(_ bucket: Int) { isContributed[bucket] = true }
}
