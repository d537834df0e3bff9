/// Elements of a run of rows at least.
private let rowGrain = 8_192

/// Calls `body` on runs of rows of `columns` elements that together make `0 ..< rows`.
///
/// For bodies whose result for a row does not depend on the run that it came in.
package func parallelRows(
  _ rows: Int, _ columns: Int, _ body: (_ first: Int, _ count: Int) -> Void
) {
  parallelItems(rows, cost: columns, grain: rowGrain) { body($0.lowerBound, $0.count) }
}

/// Blocks of rows for sums over rows. They depend on the shape alone, so that the order of the
/// sums, and with it every bit, is the same for any number of threads.
package struct RowBlocks {
  private let rows: Int
  /// The number of blocks, at least 1.
  package let count: Int

  /// At most 64 blocks, none smaller than what a thread is worth waking for.
  package init(_ rows: Int, _ columns: Int) {
    self.rows = rows
    count = max(1, min(64, rows, rows * columns / rowGrain))
  }

  /// Calls `body` on every block, spread over the threads.
  package func forEach(_ body: (_ block: Int, _ first: Int, _ count: Int) -> Void) {
    parallelFor(count) { block in
      let first = block * rows / count
      body(block, first, (block + 1) * rows / count - first)
    }
  }
}

/// The sum of `body` over fixed blocks of `0 ..< count`, which the threads share.
package func blockwiseSum(_ count: Int, _ body: (_ first: Int, _ count: Int) -> Double) -> Double {
  let blocks = RowBlocks(count, 1)
  return withUnsafeTemporaryAllocation(of: Double.self, capacity: blocks.count) { sums in
    guard let start = sums.baseAddress else { return 0 }
    blocks.forEach { block, first, count in start[block] = body(first, count) }
    return sums.reduce(0, +)
  }
}
