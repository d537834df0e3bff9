import CKernels
import Elements
import Kernels
import Testing
import TestSupport

@Suite struct SortTests {
  private func expected<Value>(
    _ row: ArraySlice<Value>, _ count: Int, before: (Value, Value) -> Bool
  ) -> [Int64] {
    let values = Array(row)
    let order = values.indices.sorted {
      before(values[$0], values[$1]) || (!before(values[$1], values[$0]) && $0 < $1)
    }
    return order.prefix(count).map { Int64($0) }
  }

  private func before(_ a: Float, _ b: Float, _ descending: Bool) -> Bool {
    let (a, b) = descending ? (b, a) : (a, b)
    return a.isNaN ? false : (b.isNaN || a < b)
  }

  @Test(arguments: [false, true])
  func positionsOfFloats(_ descending: Bool) {
    for size in testSizes where size < 5000 {
      for kind in 0..<3 {
        var values = randomValues(2 * size, seed: UInt64(size + 1))
        // Distinct, with many ties, and with all that is special.
        if kind > 0 { values = values.map { $0.rounded() } }
        if kind == 2 {
          for (index, value) in [Float.nan, -0.0, 0, .infinity, -.infinity, -.nan, 0, -0.0]
            .enumerated()
          where 3 * index < values.count {
            values[3 * index] = value
          }
        }
        for count in Set([0, min(1, size), size / 3, size]) {
          var found = [Int64](repeating: -1, count: 2 * count)
          values.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            RowOrder(size: size, count: count, descending: descending)
              .positions(rows: 2, RowOperand(start, .float32, columns: size), &found)
          }
          let rows = (0..<2).flatMap { row in
            expected(values[(row * size)..<((row + 1) * size)], count) {
              before($0, $1, descending)
            }
          }
          #expect(found == rows, "\(size) values, first \(count), kind \(kind)")
        }
      }
    }
  }

  @Test(arguments: [false, true])
  func positionsOfIntegers(_ descending: Bool) {
    for size in [0, 1, 2, 47, 48, 49, 100, 1000] {
      for scale in [Int64(1), 1 << 20, 1 << 40] {
        var values = randomValues(size, seed: UInt64(size + 1)).map { Int64($0 * 3) * scale }
        if size > 10 { (values[3], values[5], values[7]) = (.min, .max, -1) }
        for count in Set([0, size / 3, size]) {
          var found = [Int64](repeating: -1, count: count)
          RowOrder(size: size, count: count, descending: descending)
            .positions(rows: 1, values, &found)
          #expect(found == expected(values[...], count) { descending ? $0 > $1 : $0 < $1 })
        }
      }
    }
  }

  @Test func selectionPutsTheSmallestFirst() {
    for size in 1..<60 {
      let values = randomValues(size, seed: UInt64(size)).enumerated().map {
        UInt64(($1 + 4) * 1000) << 32 | UInt64($0)
      }
      for count in 0...size {
        for var entries in [values, values.sorted(), values.sorted(by: >)] {
          lk_select(size, count, &entries)
          #expect(entries.prefix(count).sorted() == Array(values.sorted().prefix(count)))
          #expect(entries.sorted() == values.sorted())
        }
      }
    }
  }
}
