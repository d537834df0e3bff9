import Steps

/// What the rounds of a step have come to, since gradients were cleared.
struct StepHistory {
  /// What the sums of the rounds were divided by.
  var total = 0.0
  var loss: Float = 0
  /// The global batch whose round was the last.
  var batch: MicroBatch?
}
