import CKernels

/// `target` = the sums of `source` up to and with each position along the middle of `run`, from the
/// end when `reversed`.
package func cumulativeSum(
  _ run: ReducedRun, _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>,
  reversed: Bool
) {
  cumulate(run) { start, columns in
    lk_cumulative_sum(run.size, columns, source + start, run.inner, target + start, reversed)
  }
}

/// The same for integers, which wrap around.
package func cumulativeSum(
  _ run: ReducedRun, _ source: UnsafePointer<Int64>, _ target: UnsafeMutablePointer<Int64>
) {
  cumulate(run) { start, columns in
    lk_integer_cumulative_sum(run.size, columns, source + start, run.inner, target + start, false)
  }
}

private func cumulate(_ run: ReducedRun, _ body: (_ start: Int, _ columns: Int) -> Void) {
  let tiles = (run.inner + mostColumns - 1) / mostColumns
  parallelItems(run.outer * tiles, cost: run.size * Swift.min(run.inner, mostColumns)) { items in
    for item in items {
      let (block, column) = (item / tiles, item % tiles * mostColumns)
      body(block * run.size * run.inner + column, Swift.min(mostColumns, run.inner - column))
    }
  }
}

/// `target` = for each row the gradient of its product: `gradient[row]` times the product of all
/// other elements.
package func productGradient(
  rows: Int, columns: Int, gradient: UnsafePointer<Float>, _ source: UnsafePointer<Float>,
  _ target: UnsafeMutablePointer<Float>
) {
  parallelItems(rows, cost: columns) { range in
    let start = range.lowerBound * columns
    lk_product_gradient_rows(
      range.count, columns, gradient + range.lowerBound, source + start, target + start)
  }
}
