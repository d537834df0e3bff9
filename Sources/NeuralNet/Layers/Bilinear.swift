import Diagnostics
public import TensorCore

/// `y_o = a^T W_o b + bias_o` on the last axis: `[..., first]` and `[..., second]` to `[...,
/// outputs]`.
public final class Bilinear: Module {
  /// `[outputs, first, second]`.
  public let weight: Tensor
  /// `[outputs]`, or nil.
  public let bias: Tensor?

  /// Weights and biases are uniform in ±1/√first.
  public init(
    _ first: Int, _ second: Int, _ outputs: Int, bias: Bool = true, generator: Generator = .default
  ) {
    check(
      first > 0 && second > 0 && outputs > 0,
      "Bilinear: \(first) and \(second) inputs and \(outputs) outputs; all must be positive")
    let bound = uniformBound(first)
    weight = .uniformParameter([outputs, first, second], within: bound, generator)
    self.bias = bias ? .uniformParameter([outputs], within: bound, generator) : nil
  }

  /// The result for `first` and `second`, whose axes before the last must be equal.
  public func callAsFunction(_ first: Tensor, _ second: Tensor) -> Tensor {
    let (outputs, inputs) = (weight.shape[0], (weight.shape[1], weight.shape[2]))
    check(
      first.shape.last == inputs.0 && second.shape.last == inputs.1
        && first.shape.dropLast().elementsEqual(second.shape.dropLast()),
      """
      Bilinear: inputs \(first.shape) and \(second.shape); expected […, \(inputs.0)] and \
      […, \(inputs.1)]
      """)
    // All outputs' products with the first input at once, then one small product per sample.
    let rows = weight.transposed().reshaped([outputs * inputs.1, inputs.0])
    let half = linear(first.reshaped([-1, inputs.0]), rows).reshaped([-1, outputs, inputs.1])
    var shape = first.shape
    shape[shape.count - 1] = outputs
    let product = matmul(half, second.reshaped([-1, inputs.1, 1])).reshaped(shape)
    let output = bias.map { product + $0 } ?? product
    notifyForwardHooks([output])
    return output
  }
}
