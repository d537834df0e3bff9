import Diagnostics
public import TensorCore

/// Group normalisation of `[samples, channels, …]`; see `groupNorm`.
public final class GroupNorm: Module, Layer {
  /// What every channel is multiplied by, `[channels]`; nil without `affine`.
  public let weight: Tensor?
  /// What is added to every channel, `[channels]`; nil without `affine`.
  public let bias: Tensor?
  private let groups: Int
  private let epsilon: Float

  /// True: a converted model keeps the parameters of its norms in float32.
  public override var keepsFloat32: Bool { true }

  /// Weights are 1 and biases 0 at first. Stops unless `groups` divides `channels` and
  /// `epsilon` is positive.
  public init(groups: Int, _ channels: Int, epsilon: Float = 1e-5, affine: Bool = true) {
    check(
      groups > 0 && channels > 0 && channels % groups == 0,
      "GroupNorm: \(channels) channels cannot be cut into \(groups) groups of equal size")
    requireEpsilon("GroupNorm", epsilon)
    self.groups = groups
    self.epsilon = epsilon
    weight = affine ? .ones([channels]).asParameter() : nil
    bias = affine ? .zeros([channels]).asParameter() : nil
  }

  /// `input`, normalised, in a new tensor of the same shape. Stops for another number of channels.
  public func forward(_ input: Tensor) -> Tensor {
    groupNorm(input, groups: groups, weight: weight, bias: bias, epsilon: epsilon)
  }
}
