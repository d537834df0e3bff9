import CKernels
import Parallel

/// Which extreme an index is sought of, and the C kernels that find it.
package struct Extreme<Element: BitwiseCopyable> {
  let inRow: (Int, UnsafePointer<Element>, UnsafeMutablePointer<Int64>) -> Element
  let inColumns: (Int, Int, UnsafePointer<Element>, Int, UnsafeMutablePointer<Int64>) -> Void
}

extension Extreme<Float> {
  package static var largest: Self {
    Extreme(inRow: lk_index_of_largest, inColumns: lk_index_of_largest_columns)
  }
  package static var smallest: Self {
    Extreme(inRow: lk_index_of_smallest, inColumns: lk_index_of_smallest_columns)
  }
}

extension Extreme<Int64> {
  package static var largest: Self {
    Extreme(inRow: lk_index_of_integer_largest, inColumns: lk_index_of_integer_largest_columns)
  }
  package static var smallest: Self {
    Extreme(inRow: lk_index_of_integer_smallest, inColumns: lk_index_of_integer_smallest_columns)
  }
}

/// `target` = the index of the first extreme along the middle of `run`, which must not be empty. A
/// NaN is extreme.
package func index<Element>(
  of extreme: Extreme<Element>, _ run: ReducedRun, _ source: UnsafePointer<Element>,
  _ target: UnsafeMutablePointer<Int64>
) {
  index(of: extreme, run, columns: mostColumns, target) { offset, _, _, body in
    body(source + offset, run.inner)
  }
}

/// The same for floats of any type; `source` has `run.inner` columns.
package func index(
  of extreme: Extreme<Float>, _ run: ReducedRun, _ source: RowOperand,
  _ target: UnsafeMutablePointer<Int64>
) {
  guard source.isCopied else {
    return index(of: extreme, run, UnsafePointer(source.floats(0)), target)
  }
  // Columns of a cache line at least.
  let columns = max(32, min(mostColumns, rowBlockSize / max(1, run.size)))
  index(of: extreme, run, columns: columns, target) { offset, rows, columns, body in
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * columns) { block in
      guard let block = block.baseAddress else { return }
      source.from(offset, columns: columns, stride: run.inner).load(0, rows, into: block)
      body(block, columns)
    }
  }
}

/// Calls its last argument with `rows` rows of `columns` values, from `offset` elements on, and with
/// the distance of their rows.
private typealias Values<Element> = (
  _ offset: Int, _ rows: Int, _ columns: Int, _ body: (UnsafePointer<Element>, Int) -> Void
) -> Void

/// The same for elements that `values` gives, at most `columns` columns of `run` at a time.
private func index<Element>(
  of extreme: Extreme<Element>, _ run: ReducedRun, columns: Int,
  _ target: UnsafeMutablePointer<Int64>, _ values: Values<Element>
) {
  let (size, inner) = (run.size, run.inner)
  if inner == 0 { return }
  if inner > 1 {
    let tiles = (inner + columns - 1) / columns
    return parallelItems(run.outer * tiles, cost: size * Swift.min(inner, columns)) { items in
      for item in items {
        let (block, column) = (item / tiles, item % tiles * columns)
        let width = Swift.min(columns, inner - column)
        values(block * size * inner + column, size, width) {
          extreme.inColumns(size, width, $0, $1, target + block * inner + column)
        }
      }
    }
  }
  guard size > longestRow else {
    return parallelItems(run.outer, cost: size) { rows in
      for row in rows {
        values(row * size, size, 1) { source, _ in _ = extreme.inRow(size, source, target + row) }
      }
    }
  }
  for row in 0..<run.outer {
    target[row] = indexInParts(of: extreme, size, from: row * size, values)
  }
}

/// The index of the extreme of a long row, from element `offset` on: the extreme of the extremes of
/// its parts.
private func indexInParts<Element>(
  of extreme: Extreme<Element>, _ size: Int, from offset: Int, _ values: Values<Element>
) -> Int64 {
  let parts = (size + longestRow - 1) / longestRow
  return withUnsafeTemporaryAllocation(of: Int64.self, capacity: parts) { places in
    withUnsafeTemporaryAllocation(of: Element.self, capacity: parts) { best in
      guard let places = places.baseAddress, let best = best.baseAddress else { return 0 }
      parallelFor(parts) { part in
        let start = part * longestRow
        let count = Swift.min(longestRow, size - start)
        values(offset + start, count, 1) { source, _ in
          best[part] = extreme.inRow(count, source, places + part)
        }
      }
      var part: Int64 = 0
      _ = extreme.inRow(parts, best, &part)
      return part * Int64(longestRow) + places[Int(part)]
    }
  }
}
