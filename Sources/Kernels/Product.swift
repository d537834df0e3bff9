import CFloats
import CKernels
import Elements

/// A matrix product, or a piece of one. The one gate to who computes it.
struct Product {
  var m: Int
  var n: Int
  let k: Int
  var a: lk_matrix
  var b: lk_matrix
  var c: ElementView
  let accumulate: Bool
  var row: UnsafePointer<Float>?
  var triangle: MatrixTriangle

  /// The rows `range` of C.
  func rows(_ range: Range<Int>) -> Product {
    var part = self
    part.m = range.count
    part.a = lk_matrix_from(a, range.lowerBound, 0)
    part.c = c.from(row: range.lowerBound)
    part.triangle = lk_triangle_from(triangle, range.lowerBound, 0, 0)
    return part
  }

  /// The columns `range` of C.
  func columns(_ range: Range<Int>) -> Product {
    var part = self
    part.n = range.count
    part.b = lk_matrix_from(b, 0, range.lowerBound)
    part.c = c.from(row: 0, column: range.lowerBound)
    part.row = row.map { $0 + range.lowerBound }
    part.triangle = lk_triangle_from(triangle, 0, range.lowerBound, 0)
    return part
  }

  func compute() {
    if let library = MatrixProducts.openBLAS, library.canCompute(self) {
      return library.compute(self)
    }
    if isBetterInLanes { return computeInLanes() }
    var (x, y) = (a, b)
    lk_gemm(
      m, n, k, &x, &y, triangle, accumulate, row, c.pointer, c.rowStride,
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
      var x = ElementView(matrix: panel, leading: lanes).matrix
      for i in stride(from: 0, to: m, by: lanes) {
        let count = min(lanes, m - i)
        lk_lanes_from_rows(count, k, rows + i * a.leading, a.leading, panel, lanes)
        for j in stride(from: 0, to: n, by: block) {
          let columns = min(block, n - j)
          var y = lk_matrix_from(b, 0, j)
          y.is_transposed = false
          lk_gemm(columns, lanes, k, &y, &x, lk_triangle(), false, nil, sums, lanes, LK_FLOAT32)
          let target = result + i * c.rowStride + j
          if let row {
            for r in 0..<count { (target + r * c.rowStride).update(from: row + j, count: columns) }
          }
          lk_rows_from_lanes(
            count, columns, sums, lanes, nil, target, c.rowStride, accumulate || row != nil)
        }
      }
    }
  }
}
