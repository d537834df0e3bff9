import Kernels
import TensorCore

/// Adam (Kingma and Ba, 2015), as PyTorch's: weight decay is added to the gradient.
public class Adam: Optimizer {
  /// What is trained; keeps `exp_avg` and `exp_avg_sq`, and `max_exp_avg_sq` for AMSGrad.
  public let memory: OptimizerMemory
  private let betas: (Double, Double)
  private let epsilon: Float
  private let weightDecay: Float
  private let isDecoupled: Bool

  /// Trains `parameters` by Adam. Stops for a negative rate, and for parameters that
  /// require no gradient or are named twice.
  ///
  /// - Parameters:
  ///   - parameters: tensors, or groups of them with weight decay and betas of their own.
  ///   - betas: how much of the running means of the gradient and of its square is kept.
  ///   - epsilon: keeps the divisor away from 0.
  ///   - weightDecay: the factor of the parameter that is added to its gradient.
  ///   - amsgrad: whether to divide by the largest mean square so far (Reddi et al., 2018).
  public convenience init(
    _ parameters: [some Trainable], learningRate: Float = 1e-3,
    betas: (Double, Double) = (0.9, 0.999), epsilon: Float = 1e-8, weightDecay: Float = 0,
    amsgrad: Bool = false
  ) {
    self.init(
      "Adam", parameters, learningRate, betas, epsilon, weightDecay, amsgrad, isDecoupled: false)
  }

  init(
    _ name: String, _ parameters: [some Trainable], _ learningRate: Float,
    _ betas: (Double, Double), _ epsilon: Float, _ weightDecay: Float, _ amsgrad: Bool,
    isDecoupled: Bool
  ) {
    requireNotNegative(name, ("epsilon", epsilon), ("weight decay", weightDecay))
    requireBetas(name, betas)
    memory = OptimizerMemory(
      parameters, optimizer: name, learningRate: learningRate,
      state: ["exp_avg", "exp_avg_sq"] + (amsgrad ? ["max_exp_avg_sq"] : []),
      isElementwise: true, accepting: .betas)
    self.betas = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.isDecoupled = isDecoupled
  }

  /// One Adam update.
  public func update(_ target: ParameterUpdate) {
    adamUpdate(
      count: target.count, target.parameter.pointer(), target.gradient.pointer(),
      firstMoment: target.state("exp_avg").pointer(),
      secondMoment: target.state("exp_avg_sq").pointer(),
      largestSecondMoment: target.stateIfKept("max_exp_avg_sq")?.pointer(),
      learningRate: target.learningRate,
      MomentRates(betas: target.group.betas ?? betas, step: target.step), epsilon: epsilon,
      weightDecay: target.group.weightDecay ?? weightDecay, isDecoupled: isDecoupled)
  }
}
