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
    parallelRanges(count, grain: max(16, 131_072 / byteCount)) {
      for k in $0 {
        (target + k * byteCount).copyMemory(
          from: source + Int(indices[k]) * byteCount, byteCount: byteCount)
      }
    }
  }
}

/// Adds row k of `source` to row `indices[k]` of `target` for all k in 0 ..< `count` in this order,
/// but not to row `skipped`; a row has `width` floats. Indices must be in range.
package func addRows(
  _ count: Int, width: Int, _ indices: UnsafePointer<Int64>, from source: UnsafePointer<Float>,
  to target: UnsafeMutablePointer<Float>, skipping skipped: Int = -1
) {
  // Threads share the columns, so that the order of the sums in each does not depend on them.
  parallelRanges(width, grain: max(64, 65_536 / max(1, count))) { columns in
    lk_add_rows(
      count, columns.count, source + columns.lowerBound, indices, skipped,
      target + columns.lowerBound, width)
  }
}
