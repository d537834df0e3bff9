import Kernels
import TensorCore

/// LAMB (You et al., 2020, "Large Batch Optimization for Deep Learning", algorithm 2): AdamW's
/// update of each parameter, scaled to the parameter's norm. For very large global batches.
///
/// The trust ratio ‖p‖ / ‖u‖ of parameter p and update u is 1 where either norm is 0, and for
/// groups without `usesTrustRatio`.
public final class LAMB: Optimizer {
  /// What is trained; keeps `exp_avg` and `exp_avg_sq`.
  public let memory: OptimizerMemory
  private let betas: (Double, Double)
  private let epsilon: Float
  private let weightDecay: Float

  /// Trains `parameters` by LAMB. Stops for a negative rate, and for parameters that
  /// require no gradient or are named twice.
  ///
  /// - Parameters:
  ///   - parameters: tensors, or groups of them with weight decay and betas of their own.
  ///   - betas: how much of the running means of the gradient and of its square is kept.
  ///   - epsilon: keeps the divisor away from 0.
  ///   - weightDecay: the factor of the parameter that is added to its update.
  public init(
    _ parameters: [some Trainable], learningRate: Float = 1e-3,
    betas: (Double, Double) = (0.9, 0.999), epsilon: Float = 1e-6, weightDecay: Float = 0.01
  ) {
    requireNotNegative("LAMB", ("epsilon", epsilon), ("weight decay", weightDecay))
    requireBetas("LAMB", betas)
    memory = OptimizerMemory(
      parameters, optimizer: "LAMB", learningRate: learningRate,
      state: ["exp_avg", "exp_avg_sq"], accepting: .betas)
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// One LAMB update.
  public func update(_ target: ParameterUpdate) {
    lambUpdate(
      count: target.count, target.parameter.pointer(), target.gradient.pointer(),
      firstMoment: target.state("exp_avg").pointer(),
      secondMoment: target.state("exp_avg_sq").pointer(), learningRate: target.learningRate,
      MomentRates(betas: target.group.betas ?? betas, step: target.step), epsilon: epsilon,
      weightDecay: target.group.weightDecay ?? weightDecay
    ) { parameter, update in
      target.group.usesTrustRatio && parameter > 0 && update > 0 ? parameter / update : 1
    }
  }
}
