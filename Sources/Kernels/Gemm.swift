import CKernels

/// A matrix operand in row-major memory: `leading` elements from one stored row to the next.
package struct MatrixOperand {
  /// The first element.
  package var pointer: UnsafePointer<Float>
  /// Elements from one stored row to the next.
  package var leading: Int
  /// Whether the operand is the transpose of what is stored.
  package var isTransposed: Bool

  /// An operand at `pointer`.
  package init(_ pointer: UnsafePointer<Float>, leading: Int, isTransposed: Bool = false) {
    self.pointer = pointer
    self.leading = leading
    self.isTransposed = isTransposed
  }

  /// The operand `offset` elements further on in memory.
  package func advanced(by offset: Int) -> MatrixOperand {
    var moved = self
    moved.pointer += offset
    return moved
  }

  /// The transpose of the operand.
  package var transposed: MatrixOperand {
    MatrixOperand(pointer, leading: leading, isTransposed: !isTransposed)
  }

  /// The operand from logical row `row` and column `column` on.
  package func from(row: Int, column: Int) -> MatrixOperand {
    var part = self
    part.pointer += isTransposed ? column * leading + row : row * leading + column
    return part
  }
}

/// `C = A B`, or `C += A B` when `accumulate`: `a` is `[m, k]`, `b` is `[k, n]`, `c` is `[m, n]`
/// with `leading` elements from one row to the next.
///
/// The threads share the wider side of a large product. An element's bits depend neither on the
/// pieces nor on the number of threads, nor on how many rows or columns there are beside it.
package func gemm(
  m: Int, n: Int, k: Int, _ a: MatrixOperand, _ b: MatrixOperand,
  into c: UnsafeMutablePointer<Float>, leading: Int, accumulate: Bool = false
) {
  guard m > 0, n > 0 else { return }
  guard k > 0 else {
    // The sum of no products is 0.
    if !accumulate { for row in 0..<m { (c + row * leading).update(repeating: 0, count: n) } }
    return
  }
  let threads = Threads.count
  let pieces = threads > 1 ? min(4 * threads, m * n * k / pieceProducts) : 1
  guard pieces > 1 else {
    return lk_gemm(
      m, n, k, a.pointer, a.leading, a.isTransposed, b.pointer, b.leading, b.isTransposed,
      accumulate, c, leading)
  }
  let splitsColumns = n >= m
  let side = splitsColumns ? n : m
  // Whole tiles, whatever the registers: 12 rows or 32 columns.
  let width = (side + pieces - 1) / pieces
  let rounded = (width + 95) / 96 * 96
  parallelFor((side + rounded - 1) / rounded) { piece in
    let lower = piece * rounded
    let size = min(rounded, side - lower)
    let x = splitsColumns ? a : a.from(row: lower, column: 0)
    let y = splitsColumns ? b.from(row: 0, column: lower) : b
    lk_gemm(
      splitsColumns ? m : size, splitsColumns ? size : n, k, x.pointer, x.leading, x.isTransposed,
      y.pointer, y.leading, y.isTransposed, accumulate, c + lower * (splitsColumns ? 1 : leading),
      leading)
  }
}

/// Multiply-adds below which a second thread costs more than it brings.
private let pieceProducts = 500_000
