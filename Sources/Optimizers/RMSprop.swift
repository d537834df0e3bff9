import Kernels
import TensorCore

/// RMSprop (Hinton, 2012; centred: Graves, 2013), as PyTorch's: the gradient is divided by the root
/// of its running mean square.
public final class RMSprop: Optimizer {
  /// What is trained; keeps `square_avg`, centred `grad_avg`, and with momentum `momentum_buffer`.
  public let memory: OptimizerMemory
  private let alpha: Double
  private let epsilon: Float
  private let weightDecay: Float
  private let momentum: Float

  /// Trains `parameters` by RMSprop. Stops for a negative rate, and for parameters that
  /// require no gradient or are named twice.
  ///
  /// - Parameters:
  ///   - parameters: tensors, or groups of them with weight decay and momentum of their own.
  ///   - alpha: how much of the running means is kept.
  ///   - epsilon: keeps the divisor away from 0.
  ///   - weightDecay: the factor of the parameter that is added to its gradient.
  ///   - momentum: how much of the last step's velocity is kept.
  ///   - centered: whether to divide by the standard deviation, without the gradient's mean.
  public init<Element: Trainable>(
    _ parameters: [Element], learningRate: Float = 0.01, alpha: Double = 0.99,
    epsilon: Float = 1e-8, weightDecay: Float = 0, momentum: Float = 0, centered: Bool = false
  ) {
    requireNotNegative(
      "RMSprop", ("alpha", Float(alpha)), ("epsilon", epsilon), ("weight decay", weightDecay),
      ("momentum", momentum))
    let groups = Element.groups(of: parameters)
    let hasMomentum = groups.contains { $0.momentum ?? momentum > 0 }
    memory = OptimizerMemory(
      groups, optimizer: "RMSprop", learningRate: learningRate,
      state: ["square_avg"] + (centered ? ["grad_avg"] : [])
        + (hasMomentum ? ["momentum_buffer"] : []),
      isElementwise: true, accepting: .momentum)
    self.alpha = alpha
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentum = momentum
  }

  /// One RMSprop update.
  public func update(_ target: ParameterUpdate) {
    rmsPropUpdate(
      count: target.count, target.parameter.pointer(), target.gradient.pointer(),
      square: target.state("square_avg").pointer(),
      mean: target.stateIfKept("grad_avg")?.pointer(),
      velocity: target.stateIfKept("momentum_buffer")?.pointer(),
      learningRate: target.learningRate, alpha: alpha, epsilon: epsilon,
      weightDecay: target.group.weightDecay ?? weightDecay,
      momentum: target.group.momentum ?? momentum)
  }
}
