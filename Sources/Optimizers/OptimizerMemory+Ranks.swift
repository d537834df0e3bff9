import Diagnostics
import TensorCore

extension OptimizerMemory {
  /// Says once, in a job of several ranks, that nobody averages the gradients of parameters: every rank
  /// would train a model of its own, and nothing would show it.
  func warnUnlessAveraged() {
    guard !hasLookedForAverager, Job.size > 1 else { return }
    let trained = parameters.filter { $0.leaf?.gradient != nil }
    guard !trained.isEmpty else { return }
    hasLookedForAverager = true
    let alone = trained.count { $0.leaf?.averager == nil }
    guard alone > 0, Job.isRoot else { return }
    writeLine(
      """
      warning: Optimizer.step: in this job of \(Job.size) ranks nobody averages the gradients of \
      \(alone == trained.count ? "the" : "\(alone) of \(trained.count)") parameters of this \
      \(optimizerName): each rank trains a model of its own; call averageGradients(over:) on the model \
      before training
      """)
  }
}
