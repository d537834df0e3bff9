import Elements
import Kernels
import Testing
import TestSupport

/// A matrix of halves that may be stored as floats or halves, transposed or not, with gaps.
private struct Stored {
  let halves: [Float16]
  let floats: [Float]
  let leading: Int
  let isTransposed: Bool

  init(_ rows: Int, _ columns: Int, isTransposed: Bool, gap: Int, seed: UInt64) {
    leading = max(1, (isTransposed ? rows : columns) + gap)
    self.isTransposed = isTransposed
    let count = max(1, (isTransposed ? columns : rows) * leading)
    // One more in front, so that what is used is not aligned.
    halves = randomValues(count + 1, seed: seed).map { Float16($0) }
    floats = halves.map { Float($0) }
  }

  func with(_ isHalf: Bool, _ body: (ElementView) -> Void) {
    if isHalf {
      halves.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        body(ElementView(matrix: base + 2, .float16, leading: leading, isTransposed: isTransposed))
      }
    } else {
      floats.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        body(ElementView(matrix: base + 4, .float32, leading: leading, isTransposed: isTransposed))
      }
    }
  }
}

private struct Product {
  var size: (m: Int, n: Int, k: Int)
  var a: Stored
  var b: Stored
  var isHalf = (a: false, b: false)
  var leading: Int
  var accumulate = false
  var row: [Float]?

  func into<Element: TensorElement>(_ c: [Element]) -> [Element] {
    var c = c
    a.with(isHalf.a) { x in
      b.with(isHalf.b) { y in
        c.withUnsafeMutableBytes { bytes in
          guard let base = bytes.baseAddress else { return }
          gemm(
            m: size.m, n: size.n, k: size.k, x, y,
            into: ElementView(base, Element.dtype, rowStride: leading), accumulate: accumulate,
            row: row)
        }
      }
    }
    return c
  }
}

/// Products of half operands against products of the same numbers as floats.
@Suite struct NarrowGemmTests {
  /// The floats are the same, bit for bit, and a half result is they, rounded once: for odd sizes,
  /// any layout, several stretches of k, and blocks of C that are cut in both directions.
  @Test(
    .ownProducts,
    arguments: [
      (1, 1, 1), (3, 5, 2), (17, 33, 31), (65, 16, 300), (1, 70, 600), (50, 1, 257), (250, 400, 70),
      (13, 800, 520), (4, 6, 0), (700, 17, 200), (1000, 40, 70),
    ], [(false, false), (true, false), (false, true), (true, true)])
  func agreesWithFloats(_ size: (Int, Int, Int), _ transposed: (Bool, Bool)) {
    for gap in [0, 3] {
      let a = Stored(size.0, size.2, isTransposed: transposed.0, gap: gap, seed: 1)
      let b = Stored(size.2, size.1, isTransposed: transposed.1, gap: gap, seed: 2)
      var product = Product(size: size, a: a, b: b, leading: size.1 + gap)
      let start = randomValues(size.0 * product.leading, seed: 3).map { Float16($0) }
      let row = randomValues(size.1, seed: 4)
      for (accumulate, row) in [(false, nil), (true, nil), (false, row)] as [(Bool, [Float]?)] {
        (product.accumulate, product.row, product.isHalf) = (accumulate, row, (false, false))
        let expected = product.into(start.map { Float($0) })
        for isHalf in [(true, false), (false, true), (true, true)] {
          product.isHalf = isHalf
          let isSame = product.into(start.map { Float($0) }) == expected
          #expect(isSame, "\(size), halves \(isHalf), accumulate \(accumulate)")
        }
        let isRounded = product.into(start) == expected.map { Float16($0) }
        #expect(isRounded, "\(size), a half result, accumulate \(accumulate)")
      }
    }
  }

  /// What is too large becomes infinity, and only the end result is rounded.
  @Test func sumsMayPassTheRangeOfHalves() {
    for k in [2, 700] {
      let size = (m: 1, n: 1, k: k)
      let a = Stored(1, k, isTransposed: false, gap: 0, seed: 1)
      var product = Product(
        size: size, a: a, b: Stored(k, 1, isTransposed: false, gap: 0, seed: 1), leading: 1)
      // The sum of k squares, which is less than 16 k.
      product.row = [50_000]
      #expect(product.into([0 as Float16])[0].isFinite)
      product.row = [66_000]
      #expect(product.into([0 as Float16])[0] == .infinity)
    }
  }
}

extension ThreadTests {
  @Test(.ownProducts, arguments: [(400, 601, 201), (601, 400, 300), (64, 2000, 512)])
  func narrowProductsOnThreads(_ size: (Int, Int, Int)) {
    let a = Stored(size.0, size.2, isTransposed: false, gap: 0, seed: 5)
    let b = Stored(size.2, size.1, isTransposed: true, gap: 0, seed: 6)
    var product = Product(size: size, a: a, b: b, isHalf: (true, true), leading: size.1)
    let start = [Float16](repeating: 1, count: size.0 * size.1)
    product.accumulate = true
    let results = [1, 2, 3, 5].map { threads in withThreads(threads) { product.into(start) } }
    for result in results.dropFirst() {
      let isSame = result == results[0]
      #expect(isSame, "\(size)")
    }
    // The first rows and columns alone.
    product.size = (m: 7, n: 19, k: size.2)
    let part = product.into(start)
    for row in 0..<7 {
      let columns = (row * size.1)..<(row * size.1 + 19)
      #expect(part[columns] == results[0][columns], "\(size), row \(row)")
    }
  }
}
