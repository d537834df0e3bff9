import Glibc

/// What a backward pass begins at, as those see it who make one mean of several passes.
package struct PassLoss {
  /// The loss; nil where the pass begins at a tensor that is no scalar.
  package let value: Float?
  /// The means that it was computed from, the nearest ones.
  package private(set) var means: [LossMean] = []
  /// Whether it depends on leaves in other ways than through `means`.
  package private(set) var hasOtherParts = true
  /// How it was computed from `means`.
  package private(set) var combination = Combination.sum

  /// How a loss was computed from means.
  package enum Combination: Comparable {
    /// As their sum, each times a constant.
    case sum
    /// As their sum, each times something that may have a gradient of its own.
    case scaledSum
    /// In another way, so that the loss of a mean is not the mean of losses.
    case other
  }

  /// The loss of a graph without means.
  init(value: Float?) { self.value = value }

  /// The loss at `root`, whose graph has means: `operations`, inputs before their consumers.
  init(value: Float?, at root: Node, of operations: [Operation]) {
    self.init(value: value)
    guard let last = root as? Operation else { return }
    hasOtherParts = false
    last.part = .rest
    /// What lies between the loss and its means, consumers before their inputs.
    var parts: [Operation] = []
    var remaining = 1
    for operation in operations.reversed() where operation.part != nil {
      parts.append(operation)
      remaining -= 1
      if let mean = operation.mean {
        means.append(mean)
        operation.part = .mean
      } else {
        for edge in operation.edges {
          guard let input = edge.node as? Operation else {
            hasOtherParts = true
            continue
          }
          if input.part == nil {
            input.part = .rest
            remaining += 1
          }
        }
      }
      if remaining == 0 { break }
    }
    for operation in parts.reversed() where operation.part == .rest {
      guard let way = operation.wayFromMeans else { continue }
      operation.part = .mean
      combination = max(combination, way)
    }
    for operation in parts { operation.part = nil }
  }
}

/// What an operation is to a loss: a mean or computed from one, or none of both.
enum PartOfLoss { case mean, rest }

extension Operation {
  /// How the result is computed from those inputs that come from means; nil: no input does.
  fileprivate var wayFromMeans: PassLoss.Combination? {
    func isFromMean(_ edge: Edge) -> Bool { (edge.node as? Operation)?.part == .mean }
    guard edges.contains(where: isFromMean) else { return nil }
    if Self.sums.contains(where: name.isEqual(to:)) { return .sum }
    if name.isEqual(to: "multiply") {
      return edges.count == 1 ? .sum : edges.allSatisfy(isFromMean) ? .other : .scaledSum
    }
    if name.isEqual(to: "divide") {
      return edges.count == 1 ? .sum : isFromMean(edges[1]) ? .other : .scaledSum
    }
    return .other
  }

  /// The operations whose results are sums of multiples of their inputs, of those that losses are
  /// put together with.
  private static let sums: [StaticString] = [
    "add", "subtract", "negate", "sum", "mean", "stack", "cat", "reshaped", "viewed", "flattened",
    "squeezed", "unsqueezed", "expanded", "cloned", "converted", "subscript", "selected", "sliced",
  ]
}

extension StaticString {
  /// Without making a string of either.
  fileprivate func isEqual(to other: StaticString) -> Bool {
    utf8CodeUnitCount == other.utf8CodeUnitCount
      && memcmp(utf8Start, other.utf8Start, utf8CodeUnitCount) == 0
  }
}

extension PassLoss {
  /// What a pass of `weight`, begun with a gradient of `weight` times `scale`, adds to the loss of a
  /// step: every mean with its own weight besides.
  package func weighedValue(passWeight weight: Float, scale: Float) -> Float {
    guard var rest = value else { return 0 }
    var sum: Float = 0
    for mean in means where mean.divisor > 0 {
      guard let own = mean.weight else { return weight * rest }
      let part = mean.gradient / (weight * scale) * mean.value
      rest -= part
      sum += part * own
    }
    return weight * (hasOtherParts ? rest + sum : sum)
  }
}
