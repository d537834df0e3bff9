import CFloats
import CKernels
import Elements
import Parallel

/// `gemm` into float32 at `c`, with `leading` elements from one row to the next.
package func gemm(
  m: Int, n: Int, k: Int, _ a: MatrixOperand, _ b: MatrixOperand,
  into c: UnsafeMutablePointer<Float>, leading: Int, accumulate: Bool = false,
  triangle: MatrixTriangle? = nil
) {
  gemm(
    m: m, n: n, k: k, a, b, into: MatrixTarget(c, .float32, leading: leading),
    accumulate: accumulate, triangle: triangle)
}

/// `C = A B`, or `C += A B` when `accumulate`, or `C = A B + row`: `a` is `[m, k]`, `b` is `[k, n]`,
/// `c` is `[m, n]`, `row` `[n]`.
///
/// Everything is computed in float32, and rounded to the type of C once. The threads share the columns
/// or the rows of a large product. An element's bits depend neither on the pieces nor on the number
/// of threads, nor on how many rows or columns there are beside it.
package func gemm(
  m: Int, n: Int, k: Int, _ a: MatrixOperand, _ b: MatrixOperand, into c: MatrixTarget,
  accumulate: Bool = false, row: UnsafePointer<Float>? = nil, triangle: MatrixTriangle? = nil
) {
  if k > longestInner, triangle == nil {
    return gemmInParts(m: m, n: n, k: k, a, b, into: c, accumulate: accumulate, row: row)
  }
  let product = Product(
    m: m, n: n, k: k, a: a.matrix, b: b.matrix, c: c, accumulate: accumulate, row: row,
    triangle: triangle?.shape ?? lk_triangle())
  guard Threads.count > 1, m * n * k >= 2 * pieceProducts else { return product.compute() }
  // A piece copies what it needs of A and B: least is copied twice where pieces are rows, if these
  // are many enough that each piece uses what it copies of B often.
  if m < 128 * Threads.count, n > m {
    parallelRanges(n, grain: max(1, pieceProducts / (m * k)), unit: 32) {
      product.columns($0).compute()
    }
  } else {
    parallelRanges(m, grain: max(1, pieceProducts / (n * k)), unit: 12) {
      product.rows($0).compute()
    }
  }
}

/// The longest k whose products are added up in float, by chains of 256 (`lk_gemm`).
private let longestInner = 16_384

/// The same for a longer k: equal parts of it, whose sums are added up in double.
private func gemmInParts(
  m: Int, n: Int, k: Int, _ a: MatrixOperand, _ b: MatrixOperand, into c: MatrixTarget,
  accumulate: Bool, row: UnsafePointer<Float>?
) {
  let parts = (k + longestInner - 1) / longestInner
  withUnsafeTemporaryAllocation(of: Double.self, capacity: m * n) { memory in
    withUnsafeTemporaryAllocation(of: Float.self, capacity: m * n) { scratch in
      guard let totals = memory.baseAddress, let sums = scratch.baseAddress else { return }
      totals.update(repeating: 0, count: m * n)
      for index in 0..<parts {
        let inner = part(index, of: parts, k)
        gemm(
          m: m, n: n, k: inner.count, a.from(row: 0, column: inner.lowerBound),
          b.from(row: inner.lowerBound, column: 0), into: sums, leading: n)
        parallelRanges(m * n, grain: 65_536) {
          lk_fold_sums($0.count, sums + $0.lowerBound, totals + $0.lowerBound)
        }
      }
      let target = RowOperand(
        c.pointer, c.dtype, columns: n, stride: c.leading, accumulate ? .update : .write)
      forEachRowBlock(0..<m, [target]) { first, count, at in
        for index in 0..<(count * n) {
          let start = accumulate ? at[0][index] : row?[index % n] ?? 0
          at[0][index] = Float(Double(start) + totals[first * n + index])
        }
      }
    }
  }
}

/// Multiply-adds that a piece has at least: a few microseconds.
private let pieceProducts = 200_000

private struct Product {
  var m: Int
  var n: Int
  let k: Int
  var a: lk_matrix
  var b: lk_matrix
  var c: MatrixTarget
  let accumulate: Bool
  var row: UnsafePointer<Float>?
  var triangle: lk_triangle

  /// The rows `range` of C.
  func rows(_ range: Range<Int>) -> Product {
    var part = self
    part.m = range.count
    part.a = lk_matrix_from(a, range.lowerBound, 0)
    part.c = c.advanced(by: range.lowerBound * c.leading)
    part.triangle = lk_triangle_from(triangle, range.lowerBound, 0, 0)
    return part
  }

  /// The columns `range` of C.
  func columns(_ range: Range<Int>) -> Product {
    var part = self
    part.n = range.count
    part.b = lk_matrix_from(b, 0, range.lowerBound)
    part.c = c.advanced(by: range.lowerBound)
    part.row = row.map { $0 + range.lowerBound }
    part.triangle = lk_triangle_from(triangle, 0, range.lowerBound, 0)
    return part
  }

  func compute() {
    if isBetterInLanes { return computeInLanes() }
    var (x, y) = (a, b)
    lk_gemm(
      m, n, k, &x, &y, triangle, accumulate, row, c.pointer, c.leading,
      c.dtype.storage)
  }

  /// Whether less is transposed when A and C are, by `computeInLanes`, than when a B that is stored
  /// as its transpose is.
  private var isBetterInLanes: Bool {
    let fillsLanes = (m - 1) % lanes >= lanes * 3 / 4
    return fillsLanes && b.is_transposed && !a.is_transposed && m * (n + k) < n * k / 2 && k <= 256
      && triangle.of == LK_ALL
      && a.type == LK_FLOAT32 && b.type == LK_FLOAT32 && c.dtype == .float32
  }

  /// A few rows and a single stretch of k as `C^T = B^T A^T`, with rows of A in the lanes.
  private func computeInLanes() {
    let block = min(n, 512)
    let rows = a.values.assumingMemoryBound(to: Float.self)
    let result = c.pointer.assumingMemoryBound(to: Float.self)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: (k + block) * lanes) { memory in
      guard let panel = memory.baseAddress else { return }
      let sums = panel + k * lanes
      var x = MatrixOperand(panel, leading: lanes).matrix
      for i in stride(from: 0, to: m, by: lanes) {
        let count = min(lanes, m - i)
        lk_lanes_from_rows(count, k, rows + i * a.leading, a.leading, panel, lanes)
        for j in stride(from: 0, to: n, by: block) {
          let columns = min(block, n - j)
          var y = lk_matrix_from(b, 0, j)
          y.is_transposed = false
          lk_gemm(columns, lanes, k, &y, &x, lk_triangle(), false, nil, sums, lanes, LK_FLOAT32)
          let target = result + i * c.leading + j
          if let row {
            for r in 0..<count { (target + r * c.leading).update(from: row + j, count: columns) }
          }
          lk_rows_from_lanes(
            count, columns, sums, lanes, nil, target, c.leading, accumulate || row != nil)
        }
      }
    }
  }
}

extension MatrixTriangle {
  fileprivate var shape: lk_triangle {
    switch self {
    case .lowerA(let diagonal): lk_triangle(of: LK_LOWER_A, diagonal: diagonal)
    case .upperA(let diagonal): lk_triangle(of: LK_UPPER_A, diagonal: diagonal)
    case .upperC(let diagonal): lk_triangle(of: LK_UPPER_C, diagonal: diagonal)
    }
  }
}
