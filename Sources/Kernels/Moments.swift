import CKernels
import Parallel

/// `mean` and the sum of squared deviations from it, over the middle of `run`, which must not be
/// empty. What rows `source` has is of no consequence.
///
/// Each part is read twice while it is in the cache: the mean of squares less the square of the
/// mean would lose all digits where the mean is large.
package func moments(
  _ run: ReducedRun, _ source: RowOperand, mean: UnsafeMutablePointer<Float>,
  deviation: UnsafeMutablePointer<Float>
) {
  let (size, inner) = (run.size, run.inner)
  if inner == 0 { return }
  if inner == 1, size <= longestRow {
    let rows = source.from(0, columns: size, stride: size)
    return parallelItems(run.outer, cost: size) { range in
      forEachRowBlock(range, [rows]) { row, count, at in
        lk_moments_rows(count, size, at[0], size, mean + row, deviation + row)
      }
    }
  }
  let pieces = ReductionPieces(run)
  let (part, parts) = (pieces.part, pieces.parts)
  withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * pieces.resultCount) { partial in
    guard let means = partial.baseAddress else { return }
    let deviations = means + pieces.resultCount
    pieces.forEach { piece in
      let (rows, columns) = (piece.rows, piece.columns)
      let (means, deviations) = (means + piece.result, deviations + piece.result)
      if inner == 1 {
        forEachRowBlock(0..<1, [source.from(piece.start, columns: rows, stride: rows)]) {
          lk_moments_rows(1, rows, $2[0], rows, means, deviations)
        }
      } else {
        withMatrices(rows: rows, [source.from(piece.start, columns: columns, stride: inner)]) {
          lk_moments_columns(rows, columns, $0[0], $1[0], means, deviations)
        }
      }
    }
    for block in 0..<run.outer {
      let start = block * parts * inner
      lk_moments_join(
        parts, inner, part, size - (parts - 1) * part, means + start, deviations + start,
        mean + block * inner, deviation + block * inner)
    }
  }
}

/// Joins the moments of `size` groups of `group` values each.
package func joinMoments(
  _ run: ReducedRun, group: Int, means: UnsafePointer<Float>, deviations: UnsafePointer<Float>,
  mean: UnsafeMutablePointer<Float>, deviation: UnsafeMutablePointer<Float>
) {
  for block in 0..<run.outer {
    let start = block * run.size * run.inner
    lk_moments_join(
      run.size, run.inner, group, group, means + start, deviations + start,
      mean + block * run.inner, deviation + block * run.inner)
  }
}
