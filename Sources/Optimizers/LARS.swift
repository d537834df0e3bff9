import Kernels
import TensorCore

/// LARS (You, Gitman and Ginsburg, 2017, "Large Batch Training of Convolutional Networks",
/// algorithm 1): SGD whose rate is scaled, for each parameter, to its norm and that of its
/// gradient. For very large global batches.
///
/// The local rate η‖p‖ / (‖g‖ + weightDecay · ‖p‖) is 1 where either norm is 0, and for groups
/// without `usesTrustRatio`. As in the paper, the velocity holds steps and not gradients: unlike
/// SGD's, it keeps the learning rates that it was built up with.
public final class LARS: Optimizer {
  /// What is trained; keeps `momentum_buffer`.
  public let memory: OptimizerMemory
  private let momentum: Float
  private let weightDecay: Float
  private let trustCoefficient: Double

  /// Trains `parameters` by LARS. Stops for a negative rate, and for parameters that
  /// require no gradient or are named twice.
  ///
  /// - Parameters:
  ///   - parameters: tensors, or groups of them with weight decay and momentum of their own.
  ///   - momentum: how much of the last step is repeated.
  ///   - weightDecay: the factor of the parameter that is added to its gradient.
  ///   - trustCoefficient: η, how far a step may go, as a share of the parameter's norm.
  public init(
    _ parameters: [some Trainable], learningRate: Float, momentum: Float = 0.9,
    weightDecay: Float = 0, trustCoefficient: Double = 0.001
  ) {
    requireNotNegative(
      "LARS", ("momentum", momentum), ("weight decay", weightDecay),
      ("trust coefficient", Float(trustCoefficient)))
    memory = OptimizerMemory(
      parameters, optimizer: "LARS", learningRate: learningRate, state: ["momentum_buffer"],
      accepting: .momentum)
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.trustCoefficient = trustCoefficient
  }

  /// One LARS update.
  public func update(_ target: ParameterUpdate) {
    let decay = target.group.weightDecay ?? weightDecay
    let localRate = target.group.usesTrustRatio ? localRate(target, decay) : 1
    larsUpdate(
      count: target.count, target.parameter.pointer(), target.gradient.pointer(),
      velocity: target.state("momentum_buffer").pointer(),
      learningRate: Float(Double(target.learningRate) * localRate),
      momentum: target.group.momentum ?? momentum, weightDecay: decay)
  }

  private func localRate(_ target: ParameterUpdate, _ weightDecay: Float) -> Double {
    let parameter = norm(of: target.parameter)
    let gradient = norm(of: target.gradient)
    guard parameter > 0, gradient > 0 else { return 1 }
    return trustCoefficient * parameter / (gradient + Double(weightDecay) * parameter)
  }

  private func norm(of tensor: Tensor) -> Double {
    sumOfSquares(count: tensor.count, tensor.pointer()).squareRoot()
  }
}
