import Diagnostics
import Kernels
import TensorCore

/// Stochastic gradient descent with momentum and weight decay, as PyTorch's.
public final class SGD: Optimizer {
  /// What is trained; keeps `momentum_buffer`.
  public let memory: OptimizerMemory
  private let momentum: Float
  private let dampening: Float
  private let weightDecay: Float
  private let nesterov: Bool

  /// Trains `parameters` by stochastic gradient descent. Stops for a negative rate, and for
  /// parameters that require no gradient or are named twice.
  ///
  /// - Parameters:
  ///   - parameters: tensors, or groups of them with weight decay and momentum of their own.
  ///   - momentum: how much of the last step's velocity is kept.
  ///   - dampening: how much less of the gradient enters the velocity.
  ///   - weightDecay: the factor of the parameter that is added to its gradient.
  ///   - nesterov: whether the gradient looks ahead along the velocity; needs momentum and no
  ///     dampening.
  public init<Element: Trainable>(
    _ parameters: [Element], learningRate: Float, momentum: Float = 0,
    dampening: Float = 0, weightDecay: Float = 0, nesterov: Bool = false
  ) {
    requireNotNegative("SGD", ("momentum", momentum), ("weight decay", weightDecay))
    check(dampening.isFinite, "SGD: dampening \(dampening) is not finite")
    let groups = Element.groups(of: parameters)
    let momenta = groups.map { $0.momentum ?? momentum }
    check(
      !nesterov || (dampening == 0 && momenta.allSatisfy { $0 > 0 }),
      """
      SGD: nesterov with momentum \(momenta) and dampening \(dampening) needs momentum in all groups \
      and no dampening
      """)
    memory = OptimizerMemory(
      groups, optimizer: "SGD", learningRate: learningRate,
      state: momenta.contains { $0 > 0 } ? ["momentum_buffer"] : [], isElementwise: true,
      accepting: .momentum)
    self.momentum = momentum
    self.dampening = dampening
    self.weightDecay = weightDecay
    self.nesterov = nesterov
  }

  /// One SGD update.
  public func update(_ target: ParameterUpdate) {
    sgdUpdate(
      count: target.count, target.parameter.pointer(), target.gradient.pointer(),
      velocity: target.stateIfKept("momentum_buffer")?.pointer(), learningRate: target.learningRate,
      momentum: target.group.momentum ?? momentum, dampening: dampening,
      weightDecay: target.group.weightDecay ?? weightDecay, nesterov: nesterov,
      isFirst: target.step == 1)
  }
}
