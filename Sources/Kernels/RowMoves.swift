import CKernels
import Elements
import Parallel

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

/// Up to so many rows that are added to one row are added one after the other.
private let fewRows = 32

/// Adds row k of `source` to row `indices[k]` of `target` for all k in 0 ..< `count`, but not to row
/// `skipped`. Indices must be in 0 ..< `rows`. A row that gets many is their sum in the order of k,
/// taken as all sums over rows are (`lk_add_grouped_rows`), and is rounded once.
package func addRows(
  _ count: Int, _ indices: UnsafePointer<Int64>, from source: RowOperand, to target: RowOperand,
  rows: Int, skipping skipped: Int = -1
) {
  if count == 0 { return }
  withUnsafeTemporaryAllocation(of: UInt32.self, capacity: rows + 1 + count) { memory in
    guard let starts = memory.baseAddress else { return }
    starts.update(repeating: 0, count: rows + 1)
    for k in 0..<count { starts[Int(indices[k])] += 1 }
    let most = UnsafeBufferPointer(start: starts, count: rows).max() ?? 0
    let isNarrow = source.dtype.isNarrowFloat || target.dtype.isNarrowFloat
    let width = source.columns
    // Threads share the columns, so that the order of the sums in each does not depend on them.
    let grain = max(64, 65_536 / max(1, count))
    if most <= fewRows, !isNarrow {
      return parallelRanges(width, grain: grain) { columns in
        lk_add_rows(
          count, columns.count, source.floats(0) + columns.lowerBound, indices, skipped,
          target.floats(0) + columns.lowerBound, width)
      }
    }
    let order = starts + rows + 1
    sortByIndex(count, indices, rows: rows, starts, into: order)
    if isNarrow {
      return addGroups(starts, order, from: source, to: target, rows: rows, skipping: skipped)
    }
    parallelRanges(width, grain: grain) { columns in
      lk_add_grouped_rows(
        rows, columns.count, source.floats(0) + columns.lowerBound, starts, order, skipped,
        target.floats(0) + columns.lowerBound, width)
    }
  }
}

/// `order` = the numbers 0 ..< `count` by their indices, equal ones in order; those of index r begin
/// at `starts[r]`, where how many they are was.
private func sortByIndex(
  _ count: Int, _ indices: UnsafePointer<Int64>, rows: Int, _ starts: UnsafeMutablePointer<UInt32>,
  into order: UnsafeMutablePointer<UInt32>
) {
  var end: UInt32 = 0
  for row in 0..<rows {
    end += starts[row]
    starts[row] = end
  }
  starts[rows] = end
  for k in (0..<count).reversed() {
    let row = Int(indices[k])
    starts[row] -= 1
    order[Int(starts[row])] = UInt32(k)
  }
}

/// The same for floats of any type, target row by target row.
private func addGroups(
  _ starts: UnsafePointer<UInt32>, _ order: UnsafePointer<UInt32>, from source: RowOperand,
  to target: RowOperand, rows: Int, skipping skipped: Int
) {
  let width = source.columns
  withUnsafeTemporaryAllocation(of: Double.self, capacity: width + 1) { sums in
    withUnsafeTemporaryAllocation(of: Float.self, capacity: fewRows * width + 1) { block in
      guard let sums = sums.baseAddress, let block = block.baseAddress else { return }
      for row in 0..<rows where row != skipped && starts[row] < starts[row + 1] {
        target.load(row, 1, into: block)
        for column in 0..<width { sums[column] = Double(block[column]) }
        for first in stride(from: Int(starts[row]), to: Int(starts[row + 1]), by: fewRows) {
          let some = min(fewRows, Int(starts[row + 1]) - first)
          for k in 0..<some {
            source.load(Int(order[first + k]), 1, into: block + k * width)
          }
          lk_add_column_sums(some, width, block, width, sums)
        }
        for column in 0..<width { block[column] = Float(sums[column]) }
        target.store(row, 1, from: block)
      }
    }
  }
}
