import CKernels
import Elements
import Parallel

/// How many elements of each kind lie before, in and behind the reduced axis of a contiguous
/// tensor.
package struct ReducedRun: Sendable {
  /// Positions along the axes before.
  package var outer: Int
  /// Elements that become one.
  package var size: Int
  /// Positions along the axes behind, whose elements are neighbours.
  package var inner: Int

  /// `outer` blocks of `size` rows of `inner` neighbours.
  package init(outer: Int, size: Int, inner: Int) {
    self.outer = outer
    self.size = size
    self.inner = inner
  }
}

/// A way to make one value of many, by the C kernels `lk_…_rows` and `lk_…_columns`.
package struct Reduction<Element: BitwiseCopyable> {
  /// Of each row.
  let rows: (Int, Int, UnsafePointer<Element>, Int, UnsafeMutablePointer<Element>) -> Void
  /// Of each column, onto what is there with the last argument.
  let columns: (Int, Int, UnsafePointer<Element>, Int, UnsafeMutablePointer<Element>, Bool) -> Void
}

extension Reduction<Float> {
  package static var sum: Self {
    Reduction(rows: lk_sum_rows, columns: lk_sum_columns)
  }
  package static var sumOfMagnitudes: Self {
    Reduction(rows: lk_sum_of_magnitudes_rows, columns: lk_sum_of_magnitudes_columns)
  }
  package static var sumOfSquares: Self {
    Reduction(rows: lk_sum_of_squares_rows, columns: lk_sum_of_squares_columns)
  }
  package static var product: Self {
    Reduction(rows: lk_product_rows, columns: lk_product_columns)
  }
  package static var largest: Self {
    Reduction(rows: lk_largest_rows, columns: lk_largest_columns)
  }
  package static var smallest: Self {
    Reduction(rows: lk_smallest_rows, columns: lk_smallest_columns)
  }
  package static var largestMagnitude: Self {
    Reduction(rows: lk_largest_magnitude_rows, columns: lk_largest_magnitude_columns)
  }
  package static var logSumExp: Self {
    Reduction(rows: lk_log_sum_exp_rows, columns: lk_log_sum_exp_columns)
  }
}

extension Reduction<Int64> {
  package static var sum: Self {
    Reduction(rows: lk_integer_sum_rows, columns: lk_integer_sum_columns)
  }
  package static var product: Self {
    Reduction(rows: lk_integer_product_rows, columns: lk_integer_product_columns)
  }
  package static var largest: Self {
    Reduction(rows: lk_integer_largest_rows, columns: lk_integer_largest_columns)
  }
  package static var smallest: Self {
    Reduction(rows: lk_integer_smallest_rows, columns: lk_integer_smallest_columns)
  }
}

extension Reduction<UInt8> {
  package static var any: Self {
    Reduction(rows: lk_any_rows, columns: lk_any_columns)
  }
  package static var all: Self {
    Reduction(rows: lk_all_rows, columns: lk_all_columns)
  }
}

// How a reduction is cut in parts depends on the shape alone: results do not depend on the number
// of threads.

/// Elements of a part of a long reduction at least.
let reductionGrain = 32_768
/// The longest row that is reduced in one part; it fits the second-level cache.
let longestRow = 65_536
/// The most rows that are reduced to one in one part.
let mostRows = 256
/// The most columns that one part holds.
let mostColumns = 1024
/// Rows of fewer columns are joined to wider ones.
private let narrowest = 64

/// `target` = the reduction of `source` over the middle of `run`: by `first`, and by `then` of what
/// parts gave.
package func reduce<Element>(
  _ first: Reduction<Element>, then: Reduction<Element>, _ run: ReducedRun,
  _ source: UnsafePointer<Element>, _ target: UnsafeMutablePointer<Element>
) {
  let (size, inner) = (run.size, run.inner)
  if inner == 0 { return }
  if inner == 1, size <= longestRow {
    return parallelItems(run.outer, cost: size) { rows in
      first.rows(
        rows.count, size, source + rows.lowerBound * size, size, target + rows.lowerBound)
    }
  }
  let part = inner == 1 ? longestRow : Swift.max(mostRows, reductionGrain / inner)
  let parts = (size + part - 1) / part
  guard parts > 1 else {
    return reduceColumns(first, then: then, run, source, target)
  }
  withUnsafeTemporaryAllocation(of: Element.self, capacity: run.outer * parts * inner) { partial in
    guard let partial = partial.baseAddress else { return }
    let whole = ReducedRun(outer: 1, size: part, inner: inner)
    parallelItems(run.outer * parts, cost: part * inner) { items in
      for item in items {
        let (block, index) = (item / parts, item % parts)
        var run = whole
        run.size = Swift.min(part, size - index * part)
        let start = source + (block * size + index * part) * inner
        if inner == 1 {
          first.rows(1, run.size, start, run.size, partial + item)
        } else {
          reduceColumns(first, then: then, run, start, partial + item * inner)
        }
      }
    }
    let rest = ReducedRun(outer: run.outer, size: parts, inner: inner)
    reduce(then, then: then, rest, UnsafePointer(partial), target)
  }
}

/// The same for floats of any type, which are widened block by block; `source` is any rows of them.
package func reduce(
  _ first: Reduction<Float>, then: Reduction<Float>, _ run: ReducedRun, _ source: RowOperand,
  _ target: UnsafeMutablePointer<Float>
) {
  let (size, inner) = (run.size, run.inner)
  if inner == 0 { return }
  if inner == 1, size <= longestRow {
    let rows = source.from(0, columns: size, stride: size)
    return parallelItems(run.outer, cost: size) { range in
      forEachRowBlock(range, [rows]) { row, count, at in
        first.rows(count, size, at[0], size, target + row)
      }
    }
  }
  let pieces = ReductionPieces(run)
  withUnsafeTemporaryAllocation(of: Float.self, capacity: pieces.resultCount) { partial in
    guard let partial = partial.baseAddress else { return }
    pieces.forEach { piece in
      let (rows, columns) = (piece.rows, piece.columns)
      if inner == 1 {
        forEachRowBlock(0..<1, [source.from(piece.start, columns: rows, stride: rows)]) {
          first.rows(1, rows, $2[0], rows, partial + piece.result)
        }
      } else {
        let tile = source.from(piece.start, columns: columns, stride: inner)
        forEachRowBlock(0..<rows, [tile]) { row, count, at in
          first.columns(count, columns, at[0], columns, partial + piece.result, row > 0)
        }
      }
    }
    reduce(
      then, then: then, ReducedRun(outer: run.outer, size: pieces.parts, inner: inner),
      UnsafePointer(partial), target)
  }
}

/// `target (+)=` the sums of the columns of `rows` rows without gaps.
package func columnSums(
  _ operand: RowOperand, _ rows: Int, into target: UnsafeMutablePointer<Float>, accumulating: Bool
) {
  let columns = operand.columns
  let run = ReducedRun(outer: 1, size: rows, inner: columns)
  func sum(into target: UnsafeMutablePointer<Float>) {
    if operand.dtype == .float32 {
      reduce(.sum, then: .sum, run, UnsafePointer(operand.floats(0)), target)
    } else {
      reduce(.sum, then: .sum, run, operand, target)
    }
  }
  guard accumulating else { return sum(into: target) }
  withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { sums in
    guard let sums = sums.baseAddress else { return }
    sum(into: sums)
    lk_add(columns, target, 1, target, 1, sums, 1)
  }
}

/// The reduction of columns in one part, spread over blocks and tiles of columns.
private func reduceColumns<Element>(
  _ first: Reduction<Element>, then: Reduction<Element>, _ run: ReducedRun,
  _ source: UnsafePointer<Element>, _ target: UnsafeMutablePointer<Element>
) {
  let (size, inner) = (run.size, run.inner)
  let joined = inner == 0 ? 0 : narrowest / inner
  if joined > 1, size >= 4 * joined {
    return parallelItems(run.outer, cost: size * inner) { blocks in
      for block in blocks {
        reduceNarrowColumns(
          first, then: then, joined, size, inner, source + block * size * inner,
          target + block * inner)
      }
    }
  }
  let tiles = (inner + mostColumns - 1) / mostColumns
  parallelItems(run.outer * tiles, cost: size * Swift.min(inner, mostColumns)) { items in
    for item in items {
      let (block, column) = (item / tiles, item % tiles * mostColumns)
      first.columns(
        size, Swift.min(mostColumns, inner - column), source + block * size * inner + column, inner,
        target + block * inner + column, false)
    }
  }
}

/// Takes `joined` rows for one wide row, so that short rows fill whole registers.
private func reduceNarrowColumns<Element>(
  _ first: Reduction<Element>, then: Reduction<Element>, _ joined: Int, _ size: Int, _ inner: Int,
  _ source: UnsafePointer<Element>, _ target: UnsafeMutablePointer<Element>
) {
  let wide = joined * inner
  let rows = size / joined
  withUnsafeTemporaryAllocation(of: Element.self, capacity: wide) { sums in
    guard let sums = sums.baseAddress else { return }
    first.columns(rows, wide, source, wide, sums, false)
    then.columns(joined, inner, UnsafePointer(sums), inner, target, false)
    first.columns(size - rows * joined, inner, source + rows * wide, inner, target, true)
  }
}
