/// Adam with weight decay applied to the parameter itself (Loshchilov and Hutter, 2019), as
/// PyTorch's.
///
/// ```swift
/// let optimizer = AdamW(model.parameters(), learningRate: 3e-4, weightDecay: 0.1)
/// ```
///
/// Keeps two float32 numbers for every element of a parameter, three with `amsgrad`, and one more
/// where parameters are float16 or bfloat16.
public final class AdamW: Adam {
  /// Trains `parameters` by AdamW. Stops for a negative rate, and for parameters that
  /// require no gradient or are named twice.
  ///
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
