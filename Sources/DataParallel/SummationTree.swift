/// The order in which the gradients of micro-batches are added, whoever computes them.
///
/// Micro-batches are the leaves of one binary tree, and every other node is the sum of its two
/// children. A node of n leaves has the largest power of two below n of them on its left, so a
/// rank's contiguous share of them holds few complete subtrees: at most two for each power of two
/// below its size. Floating-point sums depend on their order, and this order depends on the number
/// of micro-batches alone.
package struct SummationTree: Hashable, Sendable {
  /// The number of micro-batches.
  package let leafCount: Int

  /// The tree over micro-batches `0..<leafCount`.
  package init(leafCount: Int) { self.leafCount = leafCount }

  /// Where the right child of `node`, of two leaves at least, begins.
  package static func middle(of node: Range<Int>) -> Int {
    node.lowerBound + 1 << (Int.bitWidth - 1 - (node.count - 1).leadingZeroBitCount)
  }

  /// Whether `left` and `right`, two nodes that follow each other, are the children of one node.
  package func areSiblings(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
    let parent = left.lowerBound..<right.upperBound
    var node = 0..<leafCount
    while node != parent, node.count > 1 {
      let middle = Self.middle(of: node)
      if parent.upperBound <= middle {
        node = node.lowerBound..<middle
      } else if parent.lowerBound >= middle {
        node = middle..<node.upperBound
      } else {
        return false
      }
    }
    return node == parent && Self.middle(of: node) == left.upperBound
  }

  /// The sums that a rank holds while it goes through its share.
  package struct Fold: Hashable, Sendable {
    private let tree: SummationTree
    /// The nodes whose sums are held, from left to right.
    package private(set) var nodes: [Range<Int>] = []
    /// How many of them the next leaf is joined with, from right to left.
    package private(set) var joins = 0

    package init(_ tree: SummationTree) { self.tree = tree }

    /// Goes on to the next leaf: sets `joins`, and `nodes` to what is held afterwards.
    package mutating func add(leaf: Int) {
      var node = leaf..<leaf + 1
      joins = 0
      while let left = nodes.last, tree.areSiblings(left, node) {
        node = left.lowerBound..<node.upperBound
        nodes.removeLast()
        joins += 1
      }
      nodes.append(node)
    }
  }

  /// The nodes whose sums a rank holds after its `share`, and the most that it held at a time.
  package func held(after share: Range<Int>) -> (nodes: [Range<Int>], most: Int) {
    var fold = Fold(self)
    var most = 0
    for leaf in share {
      fold.add(leaf: leaf)
      most = max(most, fold.nodes.count)
    }
    return (fold.nodes, most)
  }

  /// How the sum of all leaves comes from what the ranks hold: each step puts a held sum on a
  /// stack, or replaces the two topmost values by their sum.
  package enum Step: Hashable, Sendable {
    case load(rank: Int, place: Int)
    case add
  }

  /// The steps for ranks with the contiguous `shares`, which cover all leaves.
  package func steps(for shares: [Range<Int>]) -> [Step] {
    var places: [Range<Int>: Step] = [:]
    for (rank, share) in shares.enumerated() {
      for (place, node) in held(after: share).nodes.enumerated() {
        places[node] = .load(rank: rank, place: place)
      }
    }
    func walk(_ node: Range<Int>) -> [Step] {
      if let step = places[node] { return [step] }
      let middle = Self.middle(of: node)
      return walk(node.lowerBound..<middle) + walk(middle..<node.upperBound) + [.add]
    }
    return leafCount == 0 ? [] : walk(0..<leafCount)
  }
}
