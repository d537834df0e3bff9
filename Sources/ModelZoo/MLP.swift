public import Lockstep

/// A multi-layer perceptron: linear layers with ReLU between them. Flattens its input.
public final class MLP: Module, Layer {
  /// The layers before the last.
  public let hidden: ModuleList<Linear>
  /// The last layer; its result is the logits.
  public let head: Linear

  /// Layers of the sizes in `sizes`: inputs, hidden sizes, outputs. Stops if there are fewer than
  /// two.
  public init(_ sizes: [Int], generator: Generator = .default) {
    check(sizes.count >= 2, "MLP: sizes \(sizes); expected at least inputs and outputs")
    let layers = zip(sizes, sizes.dropFirst()).map { Linear($0, $1, generator: generator) }
    hidden = ModuleList(Array(layers.dropLast()))
    head = layers[layers.count - 1]
  }

  /// Logits `[samples, outputs]` of `input` `[samples, ...]`.
  public func forward(_ input: Tensor) -> Tensor {
    head(hidden.reduce(input.flattened(from: 1)) { x, layer in relu(layer(x)) })
  }
}
