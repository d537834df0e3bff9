import CKernels

/// Copies row `indices[k]` of `source` to row k of `target` for all k in 0 ..< `count`; a row has
/// `byteCount` bytes. Indices must be in range.
package func gatherRows(
  _ count: Int, byteCount: Int, _ indices: UnsafePointer<Int64>,
  from source: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer
) {
  func words<Word>(_: Word.Type) {
    let (from, to) = (
      source.assumingMemoryBound(to: Word.self), target.assumingMemoryBound(to: Word.self)
    )
    for k in 0..<count { to[k] = from[Int(indices[k])] }
  }
  switch byteCount {
  case 0: return
  case 1: words(UInt8.self)
  case 2: words(UInt16.self)
  case 4: words(UInt32.self)
  case 8: words(UInt64.self)
  default:
    parallelItems(count, cost: byteCount, grain: 131_072) {
      for k in $0 {
        (target + k * byteCount).copyMemory(
          from: source + Int(indices[k]) * byteCount, byteCount: byteCount)
      }
    }
  }
}

/// Adds row k of `source` to row `indices[k]` of `target` for all k in 0 ..< `count` in this order,
/// but not to row `skipped`. Indices must be in range. A row is rounded once.
package func addRows(
  _ count: Int, _ indices: UnsafePointer<Int64>, from source: RowOperand, to target: RowOperand,
  skipping skipped: Int = -1
) {
  if source.dtype.isNarrowFloat || target.dtype.isNarrowFloat {
    return addRowsInOrder(count, indices, from: source, to: target, skipping: skipped)
  }
  let width = source.columns
  // Threads share the columns, so that the order of the sums in each does not depend on them.
  parallelRanges(width, grain: max(64, 65_536 / max(1, count))) { columns in
    lk_add_rows(
      count, columns.count, source.floats(0) + columns.lowerBound, indices, skipped,
      target.floats(0) + columns.lowerBound, width)
  }
}

/// The same target row by target row, each of which is complete before it is rounded.
private func addRowsInOrder(
  _ count: Int, _ indices: UnsafePointer<Int64>, from source: RowOperand, to target: RowOperand,
  skipping skipped: Int
) {
  let width = source.columns
  withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * count + 1) { entries in
    guard let entries = entries.baseAddress else { return }
    for k in 0..<count { entries[k] = UInt64(indices[k]) << 32 | UInt64(k) }
    lk_sort(count, entries, entries + count)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * width + 1) { block in
      guard let sum = block.baseAddress else { return }
      var k = 0
      while k < count {
        let row = Int(entries[k] >> 32)
        if row != skipped { target.load(row, 1, into: sum) }
        while k < count, Int(entries[k] >> 32) == row {
          if row != skipped {
            source.load(Int(entries[k] & UInt64(UInt32.max)), 1, into: sum + width)
            lk_add(width, sum, 1, sum, 1, sum + width, 1)
          }
          k += 1
        }
        if row != skipped { target.store(row, 1, from: sum) }
      }
    }
  }
}
