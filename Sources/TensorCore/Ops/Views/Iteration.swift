import Diagnostics

extension Tensor: Sequence {
  /// The parts along the first axis, one after the other: views, as `self[0]`, `self[1]`, … are, and
  /// part of the graph. Stops for a scalar, which has none.
  ///
  /// ```swift
  /// for row in x { print(row.sum().item()) }
  /// ```
  public func makeIterator() -> Iterator {
    check(axisCount > 0, "iteration: a tensor of shape [] has no first axis; use item()")
    return Iterator(of: self)
  }

  /// How many parts there are; 0 for a scalar.
  public var underestimatedCount: Int { shape.first ?? 0 }

  /// What a `for` loop over a tensor asks for the next part.
  public struct Iterator: IteratorProtocol {
    private let tensor: Tensor
    private var position = 0

    fileprivate init(of tensor: Tensor) { self.tensor = tensor }

    /// The next part; nil after the last one.
    public mutating func next() -> Tensor? {
      guard position < tensor.shape[0] else { return nil }
      defer { position += 1 }
      return tensor[position]
    }
  }
}
