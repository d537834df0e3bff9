import Diagnostics
public import TensorCore

/// Layers applied one after the other.
public final class Sequential: Module, Layer {
  /// The layers in order.
  public let layers: [any Layer]

  /// The layers in order.
  public init(_ layers: any Layer...) { self.layers = layers }

  /// The layers in order.
  public init(_ layers: [any Layer]) { self.layers = layers }

  /// How many layers there are.
  public var count: Int { layers.count }

  /// The layer at `index`; negative ones count from the end.
  public subscript(index: Int) -> any Layer {
    let position = index < 0 ? index + count : index
    check(
      layers.indices.contains(position), "Sequential: no layer \(index) in a row of \(count)")
    return layers[position]
  }

  /// The layers with their positions as names.
  public override func namedChildren() -> [(name: String, module: Module)] {
    layers.enumerated().map { (String($0.offset), $0.element) }
  }

  /// The last layer's result; without layers `input` itself.
  public func forward(_ input: Tensor) -> Tensor { layers.reduce(input) { $1($0) } }
}
