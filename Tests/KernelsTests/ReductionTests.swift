import CKernels
import Glibc
import Kernels
import TestSupport
import Testing

/// Rows of a matrix with `stride - columns` values between them that must not be read.
private struct Rows {
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

  /// 2442 blocks, each of which rounds the total by at most half a unit: 2442 · 6e-8 / 2. A plain
  /// loop is off by 9 %.
  @Test func longSumsStayAccurate() {
    let values = [Float](repeating: 0.1, count: 10_000_000)
    let sum = Double(
      values.withUnsafeBufferPointer { $0.baseAddress.map { lk_sum(10_000_000, $0) } ?? 0 })
    #expect(abs(sum / (10_000_000 * Double(Float(0.1))) - 1) < 7.5e-5)
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

  @Test func maximumAndItsPlace() {
    for size in testSizes where size > 0 {
      var values = randomValues(size, seed: UInt64(size))
      #expect(lk_maximum_of(size, values) == values.max())
      #expect(lk_index_of_extreme(size, values, 1) == values.firstIndex(of: values.max() ?? 0))
      #expect(lk_index_of_extreme(size, values, -1) == values.firstIndex(of: values.min() ?? 0))
      for place in Set([0, size / 2, size - 1]) {
        let kept = values[place]
        values[place] = .nan
        #expect(lk_maximum_of(size, values).isNaN)
        #expect(lk_index_of_extreme(size, values, 1) == place)
        #expect(lk_index_of_extreme(size, values, -1) == place)
        values[place] = .infinity
        #expect(lk_maximum_of(size, values) == .infinity)
        #expect(lk_index_of_extreme(size, values, 1) == place)
        values[place] = kept
      }
    }
  }

  @Test func extremesOfInfinitiesAreFound() {
    let low = [Float](repeating: -.infinity, count: 40)
    #expect(lk_maximum_of(40, low) == -.infinity && lk_index_of_extreme(40, low, 1) == 0)
  }
}

@Suite struct SoftmaxTests {
  private func softmax(_ row: [Double]) -> [Double] {
    let largest = row.max() ?? 0
    let powers = row.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  @Test func rowsAndTheirGradients() {
    for columns in testSizes where columns > 0 && columns < 5000 {
      let rows = 3
      let (x, g) = (Rows(rows, columns), Rows(rows, columns, seed: 2))
      var (y, logY) = ([Float](repeating: .nan, count: rows * columns), [Float]())
      logY = y
      lk_softmax_rows(rows, columns, x.values, &y)
      lk_log_softmax_rows(rows, columns, x.values, &logY)
      let exact = (0..<rows).flatMap { softmax(x.row($0)) }
      let relative = Tolerance(relative: 2e-6, absolute: 0)
      expectClose(y, to: exact, within: relative, "softmax, \(columns)")
      let logTolerance = Tolerance(relative: 5e-7, absolute: 5e-7)
      expectClose(logY, to: exact.map { log($0) }, within: logTolerance, "logSoftmax, \(columns)")

      var (dy, dLogY) = (y, y)
      lk_softmax_gradient_rows(rows, columns, g.values, y, &dy)
      lk_log_softmax_gradient_rows(rows, columns, g.values, logY, &dLogY)
      let gradients = (0..<rows).map { row -> (soft: [Double], log: [Double]) in
        let (y, g) = (softmax(x.row(row)), g.row(row))
        let (dot, sum) = (zip(y, g).reduce(0) { $0 + $1.0 * $1.1 }, g.reduce(0, +))
        return (zip(y, g).map { $0 * ($1 - dot) }, zip(y, g).map { $1 - $0 * sum })
      }
      expectClose(dy, to: gradients.flatMap(\.soft), within: .sum(of: 16), "gradient, \(columns)")
      expectClose(dLogY, to: gradients.flatMap(\.log), within: .sum(of: 16), "gradient, \(columns)")
    }
  }

  @Test func extremeRows() {
    let rows: [Float] = [
      1e30, -1e30, 0, .infinity, 0, 0, .nan, 0, 0, -.infinity, 0, 0, -.infinity, -.infinity,
      -.infinity,
    ]
    var result = rows
    lk_softmax_rows(5, 3, rows, &result)
    expectClose(
      result, to: [1, 0, 0, .nan, .nan, .nan, .nan, .nan, .nan, 0, 0.5, 0.5, .nan, .nan, .nan],
      within: .exact)
  }

  @Test func crossEntropyAndItsGradient() {
    for columns in [1, 2, 10, 16, 17, 33, 1000] {
      let rows = 4
      let x = Rows(rows, columns)
      let targets = (0..<rows).map { Int32($0 * 7 % columns) }
      var (normalisers, losses) = (
        [Float](repeating: 0, count: rows), [Float](repeating: 0, count: rows)
      )
      lk_cross_entropy_rows(
        rows, columns, x.values, targets, nil, 0, &normalisers, &losses)
      let probabilities = (0..<rows).map { softmax(x.row($0)) }
      let exact = (0..<rows).map { -log(probabilities[$0][Int(targets[$0])]) }
      expectClose(
        losses, to: exact, within: Tolerance(relative: 1e-6, absolute: 1e-6), "\(columns)")
      for scaleStride in [0, 1, 2] {
        let scales = randomValues(rows * 2)
        var gradient = [Float](repeating: .nan, count: rows * columns)
        lk_cross_entropy_gradient_rows(
          rows, columns, x.values, targets, nil, 0, normalisers, scales, scaleStride, 1, &gradient)
        let expected = (0..<rows).flatMap { row in
          probabilities[row].enumerated().map { column, probability in
            Double(scales[row * scaleStride]) * (probability - (column == targets[row] ? 1 : 0))
          }
        }
        expectClose(
          gradient, to: expected, within: Tolerance(relative: 1e-6, absolute: 2e-6), "\(columns)")
      }
    }
  }
}
