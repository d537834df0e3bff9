import CFloats
import CKernels
package import Elements
import Parallel

/// `gemm` into float32 at `c`, with `leading` elements from one row to the next.
package func gemm(
  m: Int, n: Int, k: Int, _ a: ElementView, _ b: ElementView,
  into c: UnsafeMutablePointer<Float>, leading: Int, accumulate: Bool = false,
  triangle: MatrixTriangle = .all
) {
  gemm(
    m: m, n: n, k: k, a, b, into: ElementView(c, .float32, rowStride: leading),
    accumulate: accumulate, triangle: triangle)
}

/// `C = A B`, or `C += A B` when `accumulate`, or `C = A B + row`: `a` is `[m, k]`, `b` is `[k, n]`,
/// `c` is `[m, n]`, `row` `[n]`.
///
/// Everything is computed in float32, and rounded to the type of C once. The threads share the columns
/// or the rows of a large product. By our own kernels an element's bits depend neither on the pieces nor on the number
/// of threads, nor on how many rows or columns there are beside it.
package func gemm(
  m: Int, n: Int, k: Int, _ a: ElementView, _ b: ElementView, into c: ElementView,
  accumulate: Bool = false, row: UnsafePointer<Float>? = nil, triangle: MatrixTriangle = .all
) {
  if k > longestInner, triangle.of == LK_ALL {
    return gemmInParts(m: m, n: n, k: k, a, b, into: c, accumulate: accumulate, row: row)
  }
  let product = Product(
    m: m, n: n, k: k, a: a.matrix, b: b.matrix, c: c, accumulate: accumulate, row: row,
    triangle: triangle)
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
  m: Int, n: Int, k: Int, _ a: ElementView, _ b: ElementView, into c: ElementView,
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
      let target = RowOperand(c, columns: n, accumulate ? .update : .write)
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
