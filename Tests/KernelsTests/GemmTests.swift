import Kernels
import TestSupport
import Testing

/// A stored matrix, perhaps the transpose of the operand, with NaN between its rows.
private struct Stored {
  let values: [Float]
  let leading: Int
  let isTransposed: Bool

  init(_ rows: Int, _ columns: Int, isTransposed: Bool, gap: Int, seed: UInt64) {
    let (storedRows, width) = isTransposed ? (columns, rows) : (rows, columns)
    leading = max(1, width + gap)
    self.isTransposed = isTransposed
    var values = randomValues(max(1, storedRows * leading), seed: seed)
    for index in values.indices where index % leading >= width { values[index] = .nan }
    self.values = values
  }

  func value(_ row: Int, _ column: Int) -> Double {
    Double(values[isTransposed ? column * leading + row : row * leading + column])
  }
}

private func product(
  _ m: Int, _ n: Int, _ k: Int, _ a: Stored, _ b: Stored, into c: inout [Float], leading: Int,
  accumulate: Bool
) {
  a.values.withUnsafeBufferPointer { x in
    b.values.withUnsafeBufferPointer { y in
      c.withUnsafeMutableBufferPointer { z in
        guard let x = x.baseAddress, let y = y.baseAddress, let z = z.baseAddress else { return }
        gemm(
          m: m, n: n, k: k, MatrixOperand(x, leading: a.leading, isTransposed: a.isTransposed),
          MatrixOperand(y, leading: b.leading, isTransposed: b.isTransposed), into: z,
          leading: leading, accumulate: accumulate)
      }
    }
  }
}

@Suite struct GemmTests {
  @Test(
    arguments: [
      (1, 1, 1), (2, 3, 4), (17, 13, 9), (33, 1, 67), (1, 65, 31), (64, 64, 64), (5, 7, 0),
      (0, 3, 2), (3, 0, 2), (100, 37, 129), (700, 17, 200), (1000, 40, 70), (8, 16, 5),
      (14, 70, 33), (20, 35, 40), (32, 48, 300), (16, 130, 190), (30, 600, 70),
    ], [(false, false), (true, false), (false, true), (true, true)])
  func agreesWithTheDefinition(_ size: (Int, Int, Int), _ transposed: (Bool, Bool)) {
    let (m, n, k) = size
    for gap in [0, 3] {
      for accumulate in [false, true] {
        let a = Stored(m, k, isTransposed: transposed.0, gap: gap, seed: 1)
        let b = Stored(k, n, isTransposed: transposed.1, gap: gap, seed: 2)
        let leading = max(1, n + gap)
        var c = [Float](repeating: accumulate ? 5 : .nan, count: m * leading)
        product(m, n, k, a, b, into: &c, leading: leading, accumulate: accumulate)
        let expected = (0..<m).flatMap { row in
          (0..<n).map { column in
            (0..<k).reduce(accumulate ? 5 : 0) { $0 + a.value(row, $1) * b.value($1, column) }
          }
        }
        let found = (0..<m).flatMap { row in (0..<n).map { c[row * leading + $0] } }
        expectClose(found, to: expected, within: .sum(of: 16 * k), "\(size), gap \(gap)")
        let gaps = (0..<m).flatMap { row in
          (min(n, leading)..<leading).map { c[row * leading + $0] }
        }
        #expect(
          gaps.allSatisfy { accumulate ? $0 == 5 : $0.isNaN } || n == 0, "wrote into the gaps")
      }
    }
  }
}

extension GemmTests {
  /// An element's bits are those of its row of A and its column of B, wherever they lie, however
  /// they are stored and whatever is beside them.
  @Test(
    arguments: [
      (50, 70, 300), (7, 33, 17), (130, 20, 256), (8, 40, 30), (26, 70, 9), (16, 200, 150),
    ])
  func bitsDoNotDependOnTheNeighbours(_ size: (Int, Int, Int)) {
    let (m, n, k) = size
    let a = randomValues(m * k, seed: 3)
    let b = randomValues(k * n, seed: 4)
    let (columnsOfA, columnsOfB) = (transpose(a, m, k), transpose(b, k, n))
    func multiply(rows: Range<Int>, columns: Range<Int>, _ orders: (Bool, Bool)) -> [Float] {
      var c = [Float](repeating: .nan, count: rows.count * columns.count)
      let (x, y) = (orders.0 ? columnsOfA : a, orders.1 ? columnsOfB : b)
      x.withUnsafeBufferPointer { x in
        y.withUnsafeBufferPointer { y in
          c.withUnsafeMutableBufferPointer { c in
            guard let x = x.baseAddress, let y = y.baseAddress, let c = c.baseAddress else {
              return
            }
            gemm(
              m: rows.count, n: columns.count, k: k,
              MatrixOperand(x, leading: orders.0 ? m : k, isTransposed: orders.0)
                .from(row: rows.lowerBound, column: 0),
              MatrixOperand(y, leading: orders.1 ? k : n, isTransposed: orders.1)
                .from(row: 0, column: columns.lowerBound), into: c, leading: columns.count)
          }
        }
      }
      return c
    }
    let whole = multiply(rows: 0..<m, columns: 0..<n, (false, false))
    for orders in [(false, false), (true, false), (false, true), (true, true)] {
      for rows in [0..<m, 0..<1, 3..<4, 1..<min(m, 27)] {
        for columns in [0..<n, 0..<1, 5..<6, 2..<19] {
          let part = multiply(rows: rows, columns: columns, orders)
          let expected = rows.flatMap { row in columns.map { whole[row * n + $0] } }
          #expect(part == expected, "rows \(rows), columns \(columns), transposed \(orders)")
        }
      }
    }
  }

  private func transpose(_ values: [Float], _ rows: Int, _ columns: Int) -> [Float] {
    (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
  }
}

extension ThreadTests {
  /// Any number of threads computes the same pieces and so the same bits.
  @Test(arguments: [(400, 601, 201), (601, 400, 201), (1000, 30, 1100), (64, 2000, 512)])
  func largeProductsOnThreads(_ size: (Int, Int, Int)) {
    let (m, n, k) = size
    for transposed in [false, true] {
      let a = Stored(m, k, isTransposed: transposed, gap: 0, seed: 1)
      let b = Stored(k, n, isTransposed: transposed, gap: 0, seed: 2)
      let results = [1, 2, 3, 5].map { threads in
        withThreads(threads) {
          var c = [Float](repeating: 1, count: m * n)
          product(m, n, k, a, b, into: &c, leading: n, accumulate: true)
          return c
        }
      }
      for result in results.dropFirst() {
        let isSame = result == results[0]  // in a variable: to show the difference takes minutes
        #expect(isSame, "\(size)")
      }
      let sample = Array(stride(from: 0, to: m * n, by: 997))
      let exact = sample.map { index in
        (0..<k).reduce(1.0) { $0 + a.value(index / n, $1) * b.value($1, index % n) }
      }
      expectClose(sample.map { results[0][$0] }, to: exact, within: .sum(of: 16 * k), "\(size)")
    }
  }
}
