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
      let slope = input.rank == 0 ? weight.reshaped([]) : weight
      return relu(input) - slope * relu(-input)
    }
    check(
      input.rank >= 2 && input.shape[1] == weight.count,
      "PReLU: an input of shape \(input.shape) for \(weight.count) slopes, one per channel")
    var shape = Shape(repeating: 1, count: input.rank)
    shape[1] = weight.count
    return relu(input) - weight.reshaped(shape) * relu(-input)
  }
}
