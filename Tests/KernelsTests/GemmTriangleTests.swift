import Elements
import Kernels
import Testing
import TestSupport

/// A product of which a triangle counts, and where it does.
private struct Triangle {
  let triangle: MatrixTriangle
  /// Whether `A[i, p]` may differ from 0.
  var isUsed: (_ i: Int, _ p: Int) -> Bool = { _, _ in true }
  /// Whether `C[i, j]` is wanted.
  var isWanted: (_ i: Int, _ j: Int) -> Bool = { _, _ in true }

  static func all(_ diagonal: Int) -> [Triangle] {
    [
      Triangle(triangle: .lowerA(diagonal: diagonal), isUsed: { i, p in p < i + diagonal }),
      Triangle(triangle: .upperA(diagonal: diagonal), isUsed: { i, p in i < p + diagonal }),
      Triangle(triangle: .upperC(diagonal: diagonal), isWanted: { i, j in i < j + diagonal }),
    ]
  }

  /// Compares what is wanted with the product as a whole, for every layout: the product alone, or on
  /// top of what `start` fills.
  func compare<Element: TensorElement>(
    _ size: (m: Int, n: Int, k: Int), start: Element, accumulate: Bool
  ) {
    let (m, n, k) = size
    let numbers = randomValues(m * k, seed: 5)
    let a = numbers.indices.map { isUsed($0 / k, $0 % k) ? numbers[$0] : 0 }
    let b = randomValues(k * n, seed: 6)
    for (isATransposed, isBTransposed) in [
      (false, false), (true, false), (false, true), (true, true),
    ] {
      let x = StoredMatrix(a, m, k, isTransposed: isATransposed)
      let y = StoredMatrix(b, k, n, isTransposed: isBTransposed)
      let c = [Element](repeating: start, count: m * n)
      let found = product(
        m, n, k, x, y, into: c, leading: n, accumulate: accumulate, triangle: triangle)
      let expected = product(m, n, k, x, y, into: c, leading: n, accumulate: accumulate)
      let isSame = found.indices.allSatisfy {
        !isWanted($0 / n, $0 % n) || found[$0] == expected[$0]
      }
      #expect(
        isSame,
        "\(size), \(triangle), transposed \((isATransposed, isBTransposed)), \(Element.dtype)")
    }
  }
}

@Suite struct GemmTriangleTests {
  /// Several stretches of k, several blocks of rows, and diagonals that leave nothing or everything.
  @Test(
    arguments: [(64, 64, 32), (40, 70, 33), (300, 50, 600), (5, 3, 2), (700, 20, 40)],
    [-20, 0, 1, 7, 33, 1000])
  func agreesWithTheWhole(_ size: (Int, Int, Int), _ diagonal: Int) {
    for triangle in Triangle.all(diagonal) {
      triangle.compare(size, start: Float(2), accumulate: false)
      triangle.compare(size, start: Float(2), accumulate: true)
      triangle.compare(size, start: Float16(2), accumulate: false)
      triangle.compare(size, start: Float16(2), accumulate: true)
    }
  }
}

extension ThreadTests {
  /// Pieces of rows and of columns.
  @Test(arguments: [(700, 40, 100), (40, 700, 100)], [-20, 7, 300])
  func trianglesOnThreads(_ size: (Int, Int, Int), _ diagonal: Int) {
    withThreads(3) {
      for triangle in Triangle.all(diagonal) {
        triangle.compare(size, start: Float(0), accumulate: false)
        triangle.compare(size, start: Float16(0), accumulate: false)
      }
    }
  }
}
