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

  /// The loss at `root`, whose graph has means.
  init(value: Float?, at root: Node) {
    self.init(value: value)
    hasOtherParts = false
    /// For each node that was reached, what was computed from it.
    var consumers: [ObjectIdentifier: [Operation]] = [ObjectIdentifier(root): []]
    var (stack, ends) = ([root], [Node]())
    while let node = stack.popLast() {
      guard let operation = node as? Operation else {
        hasOtherParts = true
        continue
      }
      if let mean = operation.mean {
        means.append(mean)
        ends.append(operation)
        continue
      }
      for input in operation.edges.compactMap(\.node) {
        if consumers[ObjectIdentifier(input)] == nil { stack.append(input) }
        consumers[ObjectIdentifier(input), default: []].append(operation)
      }
    }
    // From the means up to the root.
    var above = Set(ends.map(ObjectIdentifier.init))
    var operations: [Operation] = []
    while let node = ends.popLast() {
      for operation in consumers[ObjectIdentifier(node)] ?? []
      where above.insert(ObjectIdentifier(operation)).inserted {
        operations.append(operation)
        ends.append(operation)
      }
    }
    combination = operations.map { $0.combination(of: above) }.max() ?? .sum
  }
}

extension Operation {
  /// How the result is computed from those inputs that are in `parts`.
  fileprivate func combination(of parts: Set<ObjectIdentifier>) -> PassLoss.Combination {
    let isPart = edges.map { edge in edge.node.map { parts.contains(ObjectIdentifier($0)) } ?? false
    }
    switch name.description {
    case "multiply" where isPart.count > 1: return isPart == [true, true] ? .other : .scaledSum
    case "divide" where isPart.count > 1: return isPart[1] ? .other : .scaledSum
    case "multiply", "divide": return .sum
    default: return Self.sums.contains(name.description) ? .sum : .other
    }
  }

  /// The operations whose results are sums of multiples of their inputs, of those that losses are
  /// put together with.
  private static let sums: Set<String> = [
    "add", "subtract", "negate", "sum", "mean", "stack", "cat", "reshaped", "viewed", "flattened",
    "squeezed", "unsqueezed", "expanded", "cloned", "converted", "subscript", "selected", "sliced",
  ]
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
