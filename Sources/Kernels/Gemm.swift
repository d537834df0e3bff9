import COpenBLAS

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

  fileprivate var order: CBLAS_TRANSPOSE { isTransposed ? CblasTrans : CblasNoTrans }

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
/// A large product is cut into pieces of the wider side, one OpenBLAS call each, for the threads to
/// share. The pieces depend on the shape alone, so the bits do not depend on the number of threads;
/// on one thread they cost about 2 %.
package func gemm(
  m: Int, n: Int, k: Int, _ a: MatrixOperand, _ b: MatrixOperand,
  into c: UnsafeMutablePointer<Float>, leading: Int, accumulate: Bool = false
) {
  guard m > 0, n > 0 else { return }
  guard k > 0 else {
    // BLAS leaves C alone; the sum of no products is 0.
    if !accumulate { for row in 0..<m { (c + row * leading).update(repeating: 0, count: n) } }
    return
  }
  oneThreadPerCall
  let pieces = pieceCount(m: m, n: n, k: k)
  guard pieces > 1 else {
    return sgemm(m: m, n: n, k: k, a, b, into: c, leading: leading, accumulate: accumulate)
  }
  let splitsColumns = n >= m
  let side = splitsColumns ? n : m
  let width = (side + pieces - 1) / pieces
  let rounded = (width + 15) & ~15
  parallelFor((side + rounded - 1) / rounded) { piece in
    let lower = piece * rounded
    let size = min(rounded, side - lower)
    if splitsColumns {
      sgemm(
        m: m, n: size, k: k, a, b.from(row: 0, column: lower), into: c + lower, leading: leading,
        accumulate: accumulate)
    } else {
      sgemm(
        m: size, n: n, k: k, a.from(row: lower, column: 0), b, into: c + lower * leading,
        leading: leading, accumulate: accumulate)
    }
  }
}

/// Two pieces from 32 million multiply-adds on, and two more for each 32 million, at most eight.
private func pieceCount(m: Int, n: Int, k: Int) -> Int {
  min(8, m * n * k / 32_000_000 * 2)
}

private func sgemm(
  m: Int, n: Int, k: Int, _ a: MatrixOperand, _ b: MatrixOperand,
  into c: UnsafeMutablePointer<Float>, leading: Int, accumulate: Bool
) {
  cblas_sgemm(
    CblasRowMajor, a.order, b.order, Int32(m), Int32(n), Int32(k), 1, a.pointer, Int32(a.leading),
    b.pointer, Int32(b.leading), accumulate ? 1 : 0, c, Int32(leading))
}

/// OpenBLAS's own threads are never used: `parallelFor` decides what runs where.
private let oneThreadPerCall: Void = openblas_set_num_threads(1)

/// The name of the CPU kernels that OpenBLAS chose, for example `SkylakeX` or `Haswell`.
public func blasCoreName() -> String { String(cString: openblas_get_corename()) }

/// OpenBLAS's version and build options.
public func blasConfiguration() -> String { String(cString: openblas_get_config()) }
