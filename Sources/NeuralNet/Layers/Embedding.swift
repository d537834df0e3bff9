import Diagnostics
public import TensorCore

/// A table of vectors: indices of any shape to the same shape with a new last axis of `features`;
/// see `embedding`.
public final class Embedding: Module, Layer {
  /// `[count, features]`.
  public let weight: Tensor
  private let paddingIndex: Int?

  /// `count` vectors of standard normal values. That of `paddingIndex`, which may count from the
  /// end, is 0 and gets no gradient. Stops if there is no such vector.
  public init(
    _ count: Int, _ features: Int, paddingIndex: Int? = nil, generator: Generator = .default
  ) {
    check(
      count > 0 && features > 0,
      "Embedding: \(count) vectors of \(features) features; both must be positive")
    self.paddingIndex = paddingIndex
    weight = .normal([count, features], generator: generator)
    if let paddingIndex {
      check(
        (-count..<count).contains(paddingIndex),
        "Embedding: padding index \(paddingIndex) for \(count) vectors")
      weight.selected(paddingIndex, axis: 0).fill(0)
    }
    weight.requiresGrad = true
  }

  /// A layer that uses the table `weight` `[count, features]` itself, such as that of another
  /// layer. Stops if there is no vector `paddingIndex`.
  public init(weight: Tensor, paddingIndex: Int? = nil) {
    check(
      weight.axisCount == 2,
      "Embedding: a weight of shape \(weight.shape); expected [count, features]")
    let count = weight.shape[0]
    check(
      paddingIndex.map { (-count..<count).contains($0) } ?? true,
      "Embedding: padding index \(paddingIndex ?? 0) for \(count) vectors")
    self.weight = weight
    self.paddingIndex = paddingIndex
  }

  /// The vectors that `indices`, int64 or int32 of any shape, name: copies, along a new last axis.
  /// Stops for indices outside the table.
  public func forward(_ indices: Tensor) -> Tensor {
    embedding(indices, weight, paddingIndex: paddingIndex)
  }
}
