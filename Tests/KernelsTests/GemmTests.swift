import TestSupport
import Testing

/// Element `index` of the product of `a`, with rows of k, and `b`, with rows of n.
private func exact(_ index: Int, _ n: Int, _ k: Int, _ a: [Float], _ b: [Float]) -> Double {
  let (row, column) = (index / n, index % n)
  return (0..<k).reduce(0.0) { sum, p in sum + Double(a[row * k + p]) * Double(b[p * n + column]) }
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
    let a = randomValues(m * k, seed: 1)
    let b = randomValues(k * n, seed: 2)
    for gap in [0, 3] {
      for accumulate in [false, true] {
        let leading = max(1, n + gap)
        let c = product(
          m, n, k, StoredMatrix(a, m, k, isTransposed: transposed.0, gap: gap),
          StoredMatrix(b, k, n, isTransposed: transposed.1, gap: gap),
          into: [Float](repeating: accumulate ? 5 : .nan, count: m * leading), leading: leading,
          accumulate: accumulate)
        let expected = (0..<m * n).map { index in
          (accumulate ? 5 : 0) + exact(index, n, k, a, b)
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
    .ownProducts,
    arguments: [
      (50, 70, 300), (7, 33, 17), (130, 20, 256), (8, 40, 30), (26, 70, 9), (16, 200, 150),
    ])
  func bitsDoNotDependOnTheNeighbors(_ size: (Int, Int, Int)) {
    let (m, n, k) = size
    let a = randomValues(m * k, seed: 3)
    let b = randomValues(k * n, seed: 4)
    func multiply(rows: Range<Int>, columns: Range<Int>, _ orders: (Bool, Bool)) -> [Float] {
      product(
        rows.count, columns.count, k, StoredMatrix(a, m, k, isTransposed: orders.0),
        StoredMatrix(b, k, n, isTransposed: orders.1),
        into: [Float](repeating: .nan, count: rows.count * columns.count), leading: columns.count,
        part: (rows.lowerBound, columns.lowerBound))
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
}

extension ThreadTests {
  /// Any number of threads computes the same pieces and so the same bits.
  @Test(
    .ownProducts, arguments: [(400, 601, 201), (601, 400, 201), (1000, 30, 1100), (64, 2000, 512)])
  func largeProductsOnThreads(_ size: (Int, Int, Int)) {
    let (m, n, k) = size
    let a = randomValues(m * k, seed: 1)
    let b = randomValues(k * n, seed: 2)
    for transposed in [false, true] {
      let x = StoredMatrix(a, m, k, isTransposed: transposed)
      let y = StoredMatrix(b, k, n, isTransposed: transposed)
      let start = [Float](repeating: 1, count: m * n)
      let results = [1, 2, 3, 5].map { threads in
        withThreads(threads) {
          product(m, n, k, x, y, into: start, leading: n, accumulate: true)
        }
      }
      for result in results.dropFirst() {
        let isSame = result == results[0]  // in a variable: to show the difference takes minutes
        #expect(isSame, "\(size)")
      }
      let sample = Array(stride(from: 0, to: m * n, by: 997))
      let expected = sample.map { 1 + exact($0, n, k, a, b) }
      expectClose(sample.map { results[0][$0] }, to: expected, within: .sum(of: 16 * k), "\(size)")
    }
  }
}
