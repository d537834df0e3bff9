import CKernels
import Parallel

/// Which of the elements of each row come first, in a stable order: of equal elements, the earlier
/// is first.
///
/// A NaN is larger than any number. Rows hold fewer than 2^32 elements.
package struct RowOrder: Sendable {
  /// Elements of a row.
  package var size: Int
  /// How many positions are wanted of each row.
  package var count: Int
  /// Whether the largest come first.
  package var descending: Bool

  /// The first `count` of `size` elements.
  package init(size: Int, count: Int, descending: Bool) {
    self.size = size
    self.count = count
    self.descending = descending
  }

  /// `target` = the positions in each row of floats of its first `count` elements, in order.
  package func positions(
    rows: Int, _ source: RowOperand, _ target: UnsafeMutablePointer<Int64>
  ) {
    forEachRow(rows) { row, entries in
      forEachRowBlock(row..<(row + 1), [source]) { lk_sort_keys(size, $2[0], entries, flip) }
      order(entries)
      write(entries, to: target + row * count)
    }
  }

  /// The same for integers.
  package func positions(
    rows: Int, _ source: UnsafePointer<Int64>, _ target: UnsafeMutablePointer<Int64>
  ) {
    forEachRow(rows) { row, entries in
      let (source, target) = (source + row * size, target + row * count)
      // By the lower half, and then, keeping that order, by the upper.
      for place in 0..<size {
        let key = UInt32(truncatingIfNeeded: source[place]) ^ flip
        entries[place] = UInt64(key) << 32 | UInt64(place)
      }
      lk_sort(size, entries, entries + size)
      let byLowerHalf = UnsafeMutablePointer<UInt32>.allocate(capacity: size)
      defer { byLowerHalf.deallocate() }
      for place in 0..<size {
        let position = UInt32(truncatingIfNeeded: entries[place])
        byLowerHalf[place] = position
        let half = UInt32(truncatingIfNeeded: source[Int(position)] >> 32) ^ (1 << 31) ^ flip
        entries[place] = UInt64(half) << 32 | UInt64(place)
      }
      lk_sort(size, entries, entries + size)
      for place in 0..<count {
        target[place] = Int64(byLowerHalf[Int(UInt32(truncatingIfNeeded: entries[place]))])
      }
    }
  }

  private var flip: UInt32 { descending ? .max : 0 }

  private func order(_ entries: UnsafeMutablePointer<UInt64>) {
    if count < size / 2 {
      lk_select(size, count, entries)
      // The selected are in no order, so the whole entries must be compared.
      var selected = UnsafeMutableBufferPointer(start: entries, count: count)
      selected.sort()
    } else {
      lk_sort(size, entries, entries + size)
    }
  }

  private func write(
    _ entries: UnsafeMutablePointer<UInt64>, to target: UnsafeMutablePointer<Int64>
  ) {
    for place in 0..<count {
      target[place] = Int64(UInt32(truncatingIfNeeded: entries[place]))
    }
  }

  /// Calls `body` with room for two entries for each element.
  private func forEachRow(
    _ rows: Int, _ body: (_ row: Int, _ entries: UnsafeMutablePointer<UInt64>) -> Void
  ) {
    parallelItems(rows, cost: 8 * size) { range in
      withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * size) { entries in
        guard let entries = entries.baseAddress else { return }
        for row in range { body(row, entries) }
      }
    }
  }
}
