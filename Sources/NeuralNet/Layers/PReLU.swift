import Diagnostics
public import TensorCore

/// A leaky ReLU whose slope is learned: x where positive, and `weight` times x elsewhere. He et al.,
/// 2015.
public final class PReLU: Module, Layer {
  /// The slopes: `[1]`, or `[channels]` for inputs `[samples, channels, …]`.
  public let weight: Tensor

  /// One slope, or one for each of `parameters` channels.
  public init(_ parameters: Int = 1, initial: Float = 0.25) {
    check(parameters > 0, "PReLU: \(parameters) slopes; there must be one or one per channel")
    weight = .full([parameters], initial).asParameter()
  }

  /// x where positive, and the slope times x elsewhere. Stops unless there is one slope or one per
  /// channel.
  public func forward(_ input: Tensor) -> Tensor {
    guard weight.count > 1 else {
      return sloped(input, input.axisCount == 0 ? weight.reshaped([]) : weight)
    }
    check(
      input.axisCount >= 2 && input.shape[1] == weight.count,
      "PReLU: an input of shape \(input.shape) for \(weight.count) slopes, one per channel")
    var shape = Shape(repeating: 1, count: input.axisCount)
    shape[1] = weight.count
    return sloped(input, weight.reshaped(shape))
  }

  /// At 0 and NaN the slope of the negative side, as in PyTorch.
  private func sloped(_ input: Tensor, _ slope: Tensor) -> Tensor {
    let isPositive = input.detached() .> 0
    return `where`(isPositive, input, slope * `where`(isPositive, 0, input))
  }
}
