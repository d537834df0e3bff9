import Kernels
import TensorCore

/// Lion (Chen et al., 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2): every
/// element moves by the learning rate, in the direction of a running mean of its gradient.
///
/// It wants a learning rate 3 to 10 times smaller, and a weight decay as many times larger, than
/// AdamW.
public final class Lion: Optimizer {
  /// What is trained; keeps `exp_avg`.
  public let memory: OptimizerMemory
  private let betas: (Double, Double)
  private let weightDecay: Float

  /// Trains `parameters` by Lion. Stops for a negative rate, and for parameters that
  /// require no gradient or are named twice.
  ///
  /// - Parameters:
  ///   - parameters: tensors, or groups of them with weight decay and betas of their own.
  ///   - betas: how much of the running mean makes the direction of a step, and how much is kept.
  ///   - weightDecay: the share of the parameter, times the learning rate, that every step takes
  ///     away.
  public init(
    _ parameters: [some Trainable], learningRate: Float = 1e-4,
    betas: (Double, Double) = (0.9, 0.99), weightDecay: Float = 0
  ) {
    requireNotNegative("Lion", ("weight decay", weightDecay))
    requireBetas("Lion", betas)
    memory = OptimizerMemory(
      parameters, optimizer: "Lion", learningRate: learningRate, state: ["exp_avg"],
      isElementwise: true, accepting: .betas)
    self.betas = betas
    self.weightDecay = weightDecay
  }

  /// One Lion update.
  public func update(_ target: ParameterUpdate) {
    lionUpdate(
      count: target.count, target.parameter.pointer(), target.gradient.pointer(),
      mean: target.state("exp_avg").pointer(), learningRate: target.learningRate,
      betas: target.group.betas ?? betas, weightDecay: target.group.weightDecay ?? weightDecay)
  }
}
