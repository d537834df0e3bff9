public import TensorCore

/// Layers applied one after the other.
public final class Sequential: Module, Layer {
  /// The layers in order.
  public let layers: [any Layer]

  /// The layers in order.
  public init(_ layers: any Layer...) { self.layers = layers }

  /// The layers with their positions as names.
  public override var children: [(name: String, module: Module)] {
    layers.enumerated().map { (String($0.offset), $0.element) }
  }

  /// The last layer's result.
  public func forward(_ input: Tensor) -> Tensor { layers.reduce(input) { $1($0) } }
}
