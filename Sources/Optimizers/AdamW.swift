/// Adam with weight decay applied to the parameter itself (Loshchilov and Hutter, 2019), as
/// PyTorch's.
public final class AdamW: Adam {
  /// - Parameters:
  ///   - parameters: tensors, or groups of them with weight decay and betas of their own.
  ///   - betas: how much of the running means of the gradient and of its square is kept.
  ///   - epsilon: keeps the divisor away from 0.
  ///   - weightDecay: the share of the parameter, times the learning rate, that every step takes
  ///     away.
  ///   - amsgrad: whether to divide by the largest mean square so far (Reddi et al., 2018).
  public init(
    _ parameters: [some Trainable], learningRate: Float = 1e-3,
    betas: (Double, Double) = (0.9, 0.999), epsilon: Float = 1e-8, weightDecay: Float = 0.01,
    amsgrad: Bool = false
  ) {
    super.init(
      "AdamW", parameters, learningRate, betas, epsilon, weightDecay, amsgrad, isDecoupled: true)
  }
}
