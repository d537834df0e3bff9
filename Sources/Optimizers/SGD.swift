import Kernels
public import TensorCore

/// Stochastic gradient descent with momentum and weight decay, as PyTorch's.
public final class SGD: Optimizer {
  /// What is trained.
  public let parameters: [Tensor]
  /// The size of a step.
  public var learningRate: Float
  private let momentum: Float
  private let dampening: Float
  private let weightDecay: Float
  private let nesterov: Bool
  private var velocities: [Tensor?]

  /// - Parameters:
  ///   - momentum: how much of the last step's velocity is kept.
  ///   - dampening: how much less of the gradient enters the velocity.
  ///   - weightDecay: the factor of the parameter that is added to its gradient.
  ///   - nesterov: whether the gradient looks ahead along the velocity.
  public init(
    _ parameters: [Tensor], learningRate: Float, momentum: Float = 0, dampening: Float = 0,
    weightDecay: Float = 0, nesterov: Bool = false
  ) {
    self.parameters = trainable(parameters, learningRate, "SGD")
    self.learningRate = learningRate
    self.momentum = momentum
    self.dampening = dampening
    self.weightDecay = weightDecay
    self.nesterov = nesterov
    velocities = Array(repeating: nil, count: parameters.count)
  }

  /// One SGD update.
  public func update(_ parameter: Tensor, _ gradient: Tensor, _ index: Int) {
    let isFirst = velocities[index] == nil
    if isFirst, momentum != 0 { velocities[index] = Tensor(uninitialized: parameter.shape) }
    sgdUpdate(
      count: parameter.count, parameter.pointer(), gradient.pointer(),
      velocity: velocities[index]?.pointer(), learningRate: learningRate, momentum: momentum,
      dampening: dampening, weightDecay: weightDecay, nesterov: nesterov, isFirst: isFirst)
  }
}
