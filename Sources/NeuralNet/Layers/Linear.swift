import Diagnostics
public import TensorCore

/// `y = x W^T + b` on the last axis: `[..., inputs]` to `[..., outputs]`.
///
/// ```swift
/// let layer = Linear(784, 10)
/// let scores = layer(Tensor.zeros([64, 784]))  // [64, 10]
/// ```
public final class Linear: Module, Layer {
  /// `[outputs, inputs]`.
  public let weight: Tensor
  /// `[outputs]`, or nil.
  public let bias: Tensor?

  /// Weights and biases are uniform in ±1/√inputs, as in PyTorch; without inputs, biases are 0. Stops
  /// for negative numbers.
  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, generator: Generator = .default) {
    check(
      inputs >= 0 && outputs >= 0,
      "Linear: \(inputs) inputs and \(outputs) outputs; neither may be negative")
    let bound = uniformBound(inputs)
    weight = .uniformParameter([outputs, inputs], within: bound, generator)
    self.bias = bias ? .uniformParameter([outputs], within: bound, generator) : nil
  }

  /// A layer that uses `weight` `[outputs, inputs]` and `bias` `[outputs]` themselves: a head that
  /// is tied to an embedding is `Linear(weight: embedding.weight)`.
  public init(weight: Tensor, bias: Tensor? = nil) {
    check(
      weight.axisCount == 2 && bias.map { $0.shape == [weight.shape[0]] } ?? true,
      "Linear: weight \(weight.shape) and bias \(bias?.shape ?? []); expected [outputs, inputs] and [outputs]"
    )
    self.weight = weight
    self.bias = bias
  }

  /// `input W^T + b`, a new tensor. Stops unless the last axis of `input` has `inputs` elements.
  public func forward(_ input: Tensor) -> Tensor { linear(input, weight, bias) }
}
