import CKernels
import Glibc
import TestSupport
import Testing

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

  @Test(arguments: [false, true]) func crossEntropyAndItsGradient(_ keeps: Bool) {
    for columns in [1, 2, 10, 16, 17, 33, 1000] {
      let rows = 4
      let x = Rows(rows, columns)
      let targets = (0..<rows).map { Int32($0 * 7 % columns) }
      var (normalizers, losses) = (
        [Float](repeating: 0, count: rows), [Float](repeating: 0, count: rows)
      )
      var kept = [Float](repeating: .nan, count: rows * columns)
      kept.withUnsafeMutableBufferPointer {
        lk_cross_entropy_rows(
          rows, columns, x.values, targets, nil, 0, keeps ? $0.baseAddress : nil, &normalizers,
          &losses)
      }
      let probabilities = (0..<rows).map { softmax(x.row($0)) }
      let exact = (0..<rows).map { -log(probabilities[$0][Int(targets[$0])]) }
      expectClose(
        losses, to: exact, within: Tolerance(relative: 1e-6, absolute: 1e-6), "\(columns)")
      for scaleStride in [0, 1, 2] {
        let scales = randomValues(rows * 2)
        var gradient = [Float](repeating: .nan, count: rows * columns)
        lk_cross_entropy_gradient_rows(
          rows, columns, keeps ? kept : x.values, keeps, targets, nil, 0, normalizers, scales,
          scaleStride, 1, &gradient)
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
