import CKernels
import TestSupport
import Testing

/// Rows of a matrix with `stride - columns` values between them that must not be read.
struct Rows {
  let rows: Int
  let columns: Int
  let stride: Int
  let values: [Float]

  init(_ rows: Int, _ columns: Int, gap: Int = 0, seed: UInt64 = 1) {
    self.rows = rows
    self.columns = columns
    stride = columns + gap
    var values = randomValues(rows * stride + 1, seed: seed)
    for index in values.indices where index % max(1, stride) >= columns { values[index] = .nan }
    self.values = values
  }

  func row(_ index: Int) -> [Double] {
    values[(index * stride)..<(index * stride + columns)].map(Double.init)
  }
}

@Suite struct ReductionTests {
  @Test func sumIsCloseToTheExactSum() {
    for size in testSizes + [100_003] {
      for shift in [0, 1, 5] {
        let values = randomValues(size + shift)
        let sum = values.withUnsafeBufferPointer { buffer in
          buffer.baseAddress.map { lk_sum(size, $0 + shift) } ?? 0
        }
        let exact = values[shift...].reduce(0.0) { $0 + Double($1) }
        let size = values[shift...].reduce(0.0) { $0 + Double(abs($1)) }
        #expect(abs(Double(sum) - exact) <= 1e-6 * size + 1e-30)
      }
    }
  }

  /// Few additions are made in float, whatever the length. A plain loop is off by 9 %.
  @Test func longSumsStayAccurate() {
    let values = [Float](repeating: 0.1, count: 10_000_000)
    let sum = values.withUnsafeBufferPointer {
      $0.baseAddress.map { lk_sum(10_000_000, $0) } ?? 0
    }
    #expect(abs(sum / (10_000_000 * Double(Float(0.1))) - 1) < 6e-7)
  }

  @Test(arguments: [0, 1, 2, 3, 17, 100], [0, 3])
  func rowAndColumnSums(_ rows: Int, _ gap: Int) {
    for columns in testSizes where columns < 200 {
      let matrix = Rows(rows, columns, gap: gap)
      var bySize = [Float](repeating: .nan, count: rows + 1)
      lk_sum_rows(rows, columns, matrix.values, matrix.stride, &bySize)
      let rowSums = (0..<rows).map { matrix.row($0).reduce(0, +) }
      expectClose(
        Array(bySize[..<rows]), to: rowSums, within: .sum(of: columns), "\(columns) columns")
      #expect(bySize[rows].isNaN)

      let columnSums = (0..<columns).map { column in
        (0..<rows).reduce(0.0) { $0 + matrix.row($1)[column] }
      }
      for accumulate in [false, true] {
        var sums = [Float](repeating: accumulate ? 10 : .nan, count: columns) + [7]
        lk_sum_columns(rows, columns, matrix.values, matrix.stride, &sums, accumulate)
        let expected = columnSums.map { $0 + (accumulate ? 10 : 0) }
        expectClose(Array(sums[..<columns]), to: expected, within: .sum(of: rows + 10))
        #expect(sums[columns] == 7)
      }
    }
  }
}
