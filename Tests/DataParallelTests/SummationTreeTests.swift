import DataLoading
import DataParallel
import Testing

@Suite struct SummationTreeTests {
  /// How the tree over `count` leaves is bracketed when its leaves are shared as `shares` says.
  private func bracketing(_ count: Int, _ shares: [Range<Int>]) -> String {
    let tree = SummationTree(leafCount: count)
    let held = shares.map { share in
      var fold = SummationTree.Fold(tree)
      var sums: [String] = []
      for leaf in share {
        fold.add(leaf: leaf)
        var sum = "\(leaf)"
        for _ in 0..<fold.joins { sum = "(\(sums.removeLast())+\(sum))" }
        sums.append(sum)
      }
      return sums
    }
    var stack: [String] = []
    for step in tree.steps(for: shares) {
      switch step {
      case .load(let rank, let place): stack.append(held[rank][place])
      case .add:
        let right = stack.removeLast()
        stack.append("(\(stack.removeLast())+\(right))")
      }
    }
    return stack.joined(separator: " and ")
  }

  @Test(arguments: [
    (1, "0"), (2, "(0+1)"), (3, "((0+1)+2)"), (4, "((0+1)+(2+3))"), (5, "(((0+1)+(2+3))+4)"),
    (7, "(((0+1)+(2+3))+((4+5)+6))"),
  ])
  func treesAreBalancedOnTheLeft(_ count: Int, _ expected: String) {
    #expect(bracketing(count, [0..<count]) == expected)
  }

  @Test(arguments: 1...33)
  func orderDoesNotDependOnTheShares(_ count: Int) {
    let expected = bracketing(count, [0..<count])
    for ranks in 1...9 {
      let plan = ShardPlan(
        datasetCount: count, batchSize: count, rankCount: ranks, microBatches: count)
      let shares = (0..<ranks).map { plan.microBatches(ofRank: $0) }
      #expect(bracketing(count, shares) == expected, "\(shares)")
      let tree = SummationTree(leafCount: count)
      for share in shares {
        let held = tree.held(after: share)
        let levels = Int.bitWidth - count.leadingZeroBitCount
        #expect(held.nodes.count <= held.most && held.most <= max(1, 2 * levels))
        if count.isMultiple(of: ranks), (count / ranks).nonzeroBitCount == 1,
          count.nonzeroBitCount == 1
        {
          #expect(held.nodes.count == 1)
        }
      }
    }
  }
}
