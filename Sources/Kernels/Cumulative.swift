import CKernels
import Elements
import Parallel

/// `target` = the sums of `source` up to and with each position along the middle of `run`, from the
/// end when `reversed`; added up in double. What rows the operands have is of no consequence.
package func cumulativeSum(
  _ run: ReducedRun, _ source: RowOperand, into target: RowOperand, reversed: Bool
) {
  let isNarrow = source.dtype.isNarrowFloat || target.dtype.isNarrowFloat
  cumulate(run, Double.self) { start, columns, sums in
    let step = isNarrow ? max(1, rowBlockSize / columns) : max(1, run.size)
    for done in stride(from: 0, to: run.size, by: step) {
      let rows = min(step, run.size - done)
      let first = start + (reversed ? run.size - done - rows : done) * run.inner
      let part: InlineArray<2, RowOperand> = [
        source.from(first, columns: columns, stride: run.inner),
        target.from(first, columns: columns, stride: run.inner),
      ]
      withMatrices(rows: rows, part) { at, strides in
        lk_cumulative_sum(rows, columns, at[0], strides[0], at[1], reversed, sums)
      }
    }
  }
}

/// The same for integers, which wrap around.
package func cumulativeSum(
  _ run: ReducedRun, _ source: UnsafePointer<Int64>, _ target: UnsafeMutablePointer<Int64>
) {
  cumulate(run, UInt64.self) { start, columns, sums in
    lk_integer_cumulative_sum(
      run.size, columns, source + start, run.inner, target + start, false, sums)
  }
}

/// Calls `body` for the columns of each block, some at a time, with sums that are 0.
private func cumulate<Sum: BitwiseCopyable & ExpressibleByIntegerLiteral>(
  _ run: ReducedRun, _: Sum.Type,
  _ body: (_ start: Int, _ columns: Int, _ sums: UnsafeMutablePointer<Sum>) -> Void
) {
  let tiles = (run.inner + mostColumns - 1) / mostColumns
  parallelItems(run.outer * tiles, cost: run.size * min(run.inner, mostColumns)) { items in
    withUnsafeTemporaryAllocation(of: Sum.self, capacity: min(mostColumns, run.inner)) { sums in
      guard let sums = sums.baseAddress else { return }
      for item in items {
        let (block, column) = (item / tiles, item % tiles * mostColumns)
        let columns = min(mostColumns, run.inner - column)
        sums.update(repeating: 0, count: columns)
        body(block * run.size * run.inner + column, columns, sums)
      }
    }
  }
}

/// `target` = for each row of `source` the gradient of its product: `gradient[row]` times the
/// product of all other elements; see `lk_product_gradient_rows`.
package func productGradient(
  rows: Int, gradient: UnsafePointer<Float>, _ source: RowOperand, hasZeros: Bool,
  into target: RowOperand
) {
  let columns = source.columns
  parallelRows(rows, columns, [source, target]) { first, count, at in
    lk_product_gradient_rows(count, columns, gradient + first, at[0], hasZeros, at[1])
  }
}
