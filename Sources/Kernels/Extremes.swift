import CKernels

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
  let (size, inner) = (run.size, run.inner)
  if inner == 0 { return }
  if inner > 1 {
    let tiles = (inner + mostColumns - 1) / mostColumns
    return parallelItems(run.outer * tiles, cost: size * Swift.min(inner, mostColumns)) { items in
      for item in items {
        let (block, column) = (item / tiles, item % tiles * mostColumns)
        extreme.inColumns(
          size, Swift.min(mostColumns, inner - column), source + block * size * inner + column,
          inner, target + block * inner + column)
      }
    }
  }
  guard size > longestRow else {
    return parallelItems(run.outer, cost: size) { rows in
      for row in rows { _ = extreme.inRow(size, source + row * size, target + row) }
    }
  }
  for row in 0..<run.outer {
    target[row] = indexInParts(of: extreme, size, source + row * size)
  }
}

/// The index of the extreme of a long row: the extreme of the extremes of its parts.
private func indexInParts<Element>(
  of extreme: Extreme<Element>, _ size: Int, _ source: UnsafePointer<Element>
) -> Int64 {
  let parts = (size + longestRow - 1) / longestRow
  return withUnsafeTemporaryAllocation(of: Int64.self, capacity: parts) { places in
    withUnsafeTemporaryAllocation(of: Element.self, capacity: parts) { values in
      guard let places = places.baseAddress, let values = values.baseAddress else { return 0 }
      parallelFor(parts) { part in
        let start = part * longestRow
        values[part] = extreme.inRow(
          Swift.min(longestRow, size - start), source + start, places + part)
      }
      var best: Int64 = 0
      _ = extreme.inRow(parts, values, &best)
      return best * Int64(longestRow) + places[Int(best)]
    }
  }
}
