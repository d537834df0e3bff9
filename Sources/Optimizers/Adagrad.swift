import Kernels
import TensorCore

/// Adagrad (Duchi, Hazan and Singer, 2011), as PyTorch's: the rate of an element falls with the sum
/// of its squared gradients.
public final class Adagrad: Optimizer {
  /// What is trained; keeps `sum`.
  public let memory: OptimizerMemory
  private let learningRateDecay: Double
  private let weightDecay: Float
  private let epsilon: Float

  /// Trains `parameters` by Adagrad. Stops for a negative rate, and for parameters that
  /// require no gradient or are named twice.
  ///
  /// - Parameters:
  ///   - parameters: tensors, or groups of them with weight decay of their own.
  ///   - learningRateDecay: the rate of step t, from 0, is divided by 1 + t · this.
  ///   - weightDecay: the factor of the parameter that is added to its gradient.
  ///   - initialAccumulator: what the sum of squares begins with.
  ///   - epsilon: keeps the divisor away from 0.
  public init(
    _ parameters: [some Trainable], learningRate: Float = 0.01, learningRateDecay: Double = 0,
    weightDecay: Float = 0, initialAccumulator: Float = 0, epsilon: Float = 1e-10
  ) {
    requireNotNegative(
      "Adagrad", ("learning rate decay", Float(learningRateDecay)), ("weight decay", weightDecay),
      ("initial accumulator", initialAccumulator), ("epsilon", epsilon))
    memory = OptimizerMemory(
      parameters, optimizer: "Adagrad", learningRate: learningRate, state: ["sum"],
      initialValue: initialAccumulator, isElementwise: true)
    self.learningRateDecay = learningRateDecay
    self.weightDecay = weightDecay
    self.epsilon = epsilon
  }

  /// One Adagrad update.
  public func update(_ target: ParameterUpdate) {
    let divisor = 1 + Double(target.step - 1) * learningRateDecay
    adagradUpdate(
      count: target.count, target.parameter.pointer(), target.gradient.pointer(),
      sum: target.state("sum").pointer(),
      learningRate: Float(Double(target.learningRate) / divisor), epsilon: epsilon,
      weightDecay: target.group.weightDecay ?? weightDecay)
  }
}
