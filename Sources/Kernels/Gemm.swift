import CKernels

/// A matrix operand in row-major memory: `leading` elements from one stored row to the next.
package struct MatrixOperand {
  /// The first element.
  package var pointer: UnsafeRawPointer
  /// The type of the elements: one of floats.
  package let dtype: DType
  /// Elements from one stored row to the next.
  package var leading: Int
  /// Whether the operand is the transpose of what is stored.
  package var isTransposed: Bool

  /// An operand at `pointer`.
  package init(
    _ pointer: UnsafeRawPointer, _ dtype: DType, leading: Int, isTransposed: Bool = false
  ) {
    self.pointer = pointer
    self.dtype = dtype
    self.leading = leading
    self.isTransposed = isTransposed
  }

  /// An operand of float32 at `pointer`.
  package init(_ pointer: UnsafePointer<Float>, leading: Int, isTransposed: Bool = false) {
    self.init(pointer, .float32, leading: leading, isTransposed: isTransposed)
  }

  /// The operand `offset` elements further on in memory.
  package func advanced(by offset: Int) -> MatrixOperand {
    var moved = self
    moved.pointer += offset * dtype.size
    return moved
  }

  /// The transpose of the operand.
  package var transposed: MatrixOperand {
    MatrixOperand(pointer, dtype, leading: leading, isTransposed: !isTransposed)
  }

  /// The operand from logical row `row` and column `column` on.
  package func from(row: Int, column: Int) -> MatrixOperand {
    advanced(by: isTransposed ? column * leading + row : row * leading + column)
  }

  /// This operand of `rows` and `columns` as float32: itself, or a copy in `memory`, which has room
  /// for it; for one that is used many times.
  package func widened(
    _ rows: Int, _ columns: Int, in memory: UnsafeMutablePointer<Float>
  ) -> MatrixOperand {
    guard dtype.isNarrowFloat else { return self }
    let (count, width) = isTransposed ? (columns, rows) : (rows, columns)
    lk_widen(dtype.storage, count, width, memory, width, pointer, leading)
    return MatrixOperand(memory, leading: width, isTransposed: isTransposed)
  }

  fileprivate var matrix: lk_matrix {
    lk_matrix(
      values: pointer, leading: leading, type: dtype.storage, is_transposed: isTransposed)
  }
}

/// Where a product goes: rows `leading` elements apart, of any type of floats.
package struct MatrixTarget {
  let pointer: UnsafeMutableRawPointer
  let dtype: DType
  let leading: Int

  /// Rows of `dtype` from `pointer` on.
  package init(_ pointer: UnsafeMutableRawPointer, _ dtype: DType, leading: Int) {
    self.pointer = pointer
    self.dtype = dtype
    self.leading = leading
  }

  /// The target as rows of `columns`.
  func rows(_ columns: Int) -> RowOperand {
    RowOperand(pointer, dtype, columns: columns, stride: leading, .write)
  }

  /// The target `offset` elements further on in memory.
  package func advanced(by offset: Int) -> MatrixTarget {
    MatrixTarget(pointer + offset * dtype.size, dtype, leading: leading)
  }
}

/// Where a product `C = A B` has something to compute, if not everywhere.
package enum MatrixTriangle {
  /// `A[i, p]` is 0 from `p = i + diagonal` on.
  case lowerA(diagonal: Int)
  /// `A[i, p]` is 0 from `i = p + diagonal` on.
  case upperA(diagonal: Int)
  /// `C[i, j]` is not wanted from `i = j + diagonal` on, and may become anything.
  case upperC(diagonal: Int)

  /// The triangle as the part of the product sees it that begins at `row` and `column` of C.
  fileprivate func from(row: Int, column: Int) -> lk_triangle {
    switch self {
    case .lowerA(let diagonal): lk_triangle(of: LK_LOWER_A, diagonal: diagonal + row)
    case .upperA(let diagonal): lk_triangle(of: LK_UPPER_A, diagonal: diagonal - row)
    case .upperC(let diagonal): lk_triangle(of: LK_UPPER_C, diagonal: diagonal + column - row)
    }
  }
}

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
/// Everything is computed in float32, and rounded to the type of C once. The threads share the rows
/// or the columns of a large product. An element's bits depend neither on the pieces nor on the number
/// of threads, nor on how many rows or columns there are beside it.
package func gemm(
  m: Int, n: Int, k: Int, _ a: MatrixOperand, _ b: MatrixOperand, into c: MatrixTarget,
  accumulate: Bool = false, row: UnsafePointer<Float>? = nil, triangle: MatrixTriangle? = nil
) {
  // A piece copies what it needs of B, and of a transposed A: nothing is copied twice where pieces of
  // columns share an A that lies in rows.
  let fewest = 64 * Threads.count
  let splitsColumns = (a.isTransposed ? m : n) < fewest ? n >= m : !a.isTransposed
  // Whole tiles, whatever the registers.
  let (side, unit, products) = splitsColumns ? (n, 32, m * k) : (m, 12, n * k)
  parallelRanges(side, grain: max(1, pieceProducts / max(1, products)), unit: unit) { range in
    let (lower, size) = (range.lowerBound, range.count)
    var x = (splitsColumns ? a : a.from(row: lower, column: 0)).matrix
    var y = (splitsColumns ? b.from(row: 0, column: lower) : b).matrix
    let target = c.advanced(by: lower * (splitsColumns ? 1 : c.leading))
    let (rows, columns) = (splitsColumns ? m : size, splitsColumns ? size : n)
    let row = splitsColumns ? row.map { $0 + lower } : row
    let part =
      triangle?.from(row: splitsColumns ? 0 : lower, column: splitsColumns ? lower : 0)
      ?? lk_triangle()
    if triangle == nil, isBetterInLanes(rows, columns, k, x, y, c.dtype) {
      gemmInLanes(rows, columns, k, x, y, into: target, accumulate: accumulate, row)
    } else {
      lk_gemm(
        rows, columns, k, &x, &y, part, accumulate, row, target.pointer, c.leading,
        c.dtype.storage)
    }
  }
}

/// Whether less is transposed when A and C are, by `gemmInLanes`, than when a B that is stored as its
/// transpose is.
private func isBetterInLanes(
  _ m: Int, _ n: Int, _ k: Int, _ a: lk_matrix, _ b: lk_matrix, _ result: DType
) -> Bool {
  let fillsLanes = (m - 1) % lanes >= lanes * 3 / 4
  return fillsLanes && b.is_transposed && !a.is_transposed && m * (n + k) < n * k / 2 && k <= 256
    && a.type == LK_FLOAT32 && b.type == LK_FLOAT32 && result == .float32
}

/// `lk_gemm` of a few rows, of a single stretch of k: `C^T = B^T A^T`, with rows of A in the lanes.
private func gemmInLanes(
  _ m: Int, _ n: Int, _ k: Int, _ a: lk_matrix, _ b: lk_matrix, into c: MatrixTarget,
  accumulate: Bool, _ row: UnsafePointer<Float>?
) {
  let block = min(n, 512)
  withUnsafeTemporaryAllocation(of: Float.self, capacity: (k + block) * lanes) { memory in
    guard let panel = memory.baseAddress else { return }
    let sums = panel + k * lanes
    var x = lk_matrix(values: panel, leading: lanes, type: LK_FLOAT32, is_transposed: false)
    for i in stride(from: 0, to: m, by: lanes) {
      let rows = min(lanes, m - i)
      let left = a.values.assumingMemoryBound(to: Float.self) + i * a.leading
      lk_lanes_from_rows(rows, k, left, a.leading, panel, lanes)
      for j in stride(from: 0, to: n, by: block) {
        let columns = min(block, n - j)
        let values = b.values.assumingMemoryBound(to: Float.self) + j * b.leading
        var y = lk_matrix(
          values: values, leading: b.leading, type: LK_FLOAT32, is_transposed: false)
        lk_gemm(columns, lanes, k, &y, &x, lk_triangle(), false, nil, sums, lanes, LK_FLOAT32)
        let target = c.pointer.assumingMemoryBound(to: Float.self) + i * c.leading + j
        if let row {
          for r in 0..<rows { (target + r * c.leading).update(from: row + j, count: columns) }
        }
        lk_rows_from_lanes(
          rows, columns, sums, lanes, nil, target, c.leading, accumulate || row != nil)
      }
    }
  }
}

/// Multiply-adds that a piece has at least: a few microseconds.
private let pieceProducts = 200_000
