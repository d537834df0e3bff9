import Kernels
public import TensorCore

/// Adam (Kingma and Ba, 2015), as PyTorch's: weight decay is added to the gradient.
public class Adam: Optimizer {
  /// What is trained.
  public let parameters: [Tensor]
  /// The size of a step.
  public var learningRate: Float
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Float
  private let weightDecay: Float
  private let isDecoupled: Bool
  private var moments: [(first: Tensor, second: Tensor, steps: Int)?]

  /// - Parameters:
  ///   - betas: how much of the running means of the gradient and of its square is kept.
  ///   - epsilon: keeps the divisor away from 0.
  ///   - weightDecay: the factor of the parameter that is added to its gradient.
  public convenience init(
    _ parameters: [Tensor], learningRate: Float = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Float = 1e-8, weightDecay: Float = 0
  ) {
    self.init(
      parameters, learningRate, betas, epsilon, weightDecay: weightDecay, isDecoupled: false)
  }

  fileprivate init(
    _ parameters: [Tensor], _ learningRate: Float, _ betas: (Double, Double), _ epsilon: Float,
    weightDecay: Float, isDecoupled: Bool
  ) {
    self.parameters = trainable(parameters, learningRate, "Adam")
    self.learningRate = learningRate
    (beta1, beta2) = betas
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.isDecoupled = isDecoupled
    moments = Array(repeating: nil, count: parameters.count)
  }

  /// One Adam update.
  public func update(_ parameter: Tensor, _ gradient: Tensor, _ index: Int) {
    var state =
      moments[index] ?? (first: .zeros(parameter.shape), second: .zeros(parameter.shape), steps: 0)
    state.steps += 1
    moments[index] = state
    adamUpdate(
      count: parameter.count, parameter.pointer(), gradient.pointer(),
      firstMoment: state.first.pointer(), secondMoment: state.second.pointer(),
      learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
      weightDecay: weightDecay, isDecoupled: isDecoupled, step: state.steps)
  }
}

/// Adam with weight decay applied to the parameter itself (Loshchilov and Hutter, 2019), as
/// PyTorch's.
public final class AdamW: Adam {
  /// - Parameters:
  ///   - betas: how much of the running means of the gradient and of its square is kept.
  ///   - epsilon: keeps the divisor away from 0.
  ///   - weightDecay: the share of the parameter, times the learning rate, that every step takes away.
  public init(
    _ parameters: [Tensor], learningRate: Float = 1e-3, betas: (Double, Double) = (0.9, 0.999),
    epsilon: Float = 1e-8, weightDecay: Float = 0.01
  ) {
    super.init(
      parameters, learningRate, betas, epsilon, weightDecay: weightDecay, isDecoupled: true)
  }
}
