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

/// `gemm` into float32 at `c`, with `leading` elements from one row to the next.
package func gemm(
  m: Int, n: Int, k: Int, _ a: MatrixOperand, _ b: MatrixOperand,
  into c: UnsafeMutablePointer<Float>, leading: Int, accumulate: Bool = false
) {
  gemm(
    m: m, n: n, k: k, a, b, into: MatrixTarget(c, .float32, leading: leading),
    accumulate: accumulate)
}

/// `C = A B`, or `C += A B` when `accumulate`, or `C = A B + row`: `a` is `[m, k]`, `b` is `[k, n]`,
/// `c` is `[m, n]`, `row` `[n]`.
///
/// Everything is computed in float32, and rounded to the type of C once. The threads share the rows
/// or the columns of a large product. An element's bits depend neither on the pieces nor on the number
/// of threads, nor on how many rows or columns there are beside it.
package func gemm(
  m: Int, n: Int, k: Int, _ a: MatrixOperand, _ b: MatrixOperand, into c: MatrixTarget,
  accumulate: Bool = false, row: UnsafePointer<Float>? = nil
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
    lk_gemm(
      splitsColumns ? m : size, splitsColumns ? size : n, k, &x, &y, accumulate,
      splitsColumns ? row.map { $0 + lower } : row, target.pointer, c.leading, c.dtype.storage)
  }
}

/// Multiply-adds that a piece has at least: a few microseconds.
private let pieceProducts = 200_000
