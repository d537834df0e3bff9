import CFloats
package import CKernels
package import Elements

// Operands of matrix products: views one of whose strides is 1.

extension ElementView {
  /// Elements from one stored row of the matrix to the next.
  var leading: Int { isTransposed ? columnStride : rowStride }

  /// Whether the matrix is stored as its transpose.
  var isTransposed: Bool { columnStride != 1 }

  /// This matrix of `rows` and `columns` as float32: itself, or a copy in `memory`, which has room for
  /// it; for one that is used many times.
  package func widened(
    _ rows: Int, _ columns: Int, in memory: UnsafeMutablePointer<Float>
  ) -> ElementView {
    guard dtype.isNarrowFloat else { return self }
    let (count, width) = isTransposed ? (columns, rows) : (rows, columns)
    lk_widen(dtype.storage, count, width, memory, width, pointer, leading)
    return ElementView(matrix: memory, leading: width, isTransposed: isTransposed)
  }

  /// The matrix as C takes it.
  var matrix: lk_matrix {
    lk_matrix(
      values: pointer, leading: leading, type: dtype.storage, is_transposed: isTransposed)
  }
}

/// Where a product `C = A B` has something to compute, if not everywhere.
package typealias MatrixTriangle = lk_triangle

extension MatrixTriangle {
  /// Everything counts.
  package static var all: MatrixTriangle { MatrixTriangle(of: LK_ALL, diagonal: 0) }

  /// `A[i, p]` is 0 from `p = i + diagonal` on.
  package static func lowerA(diagonal: Int) -> MatrixTriangle {
    MatrixTriangle(of: LK_LOWER_A, diagonal: diagonal)
  }

  /// `A[i, p]` is 0 from `i = p + diagonal` on.
  package static func upperA(diagonal: Int) -> MatrixTriangle {
    MatrixTriangle(of: LK_UPPER_A, diagonal: diagonal)
  }

  /// `C[i, j]` is not wanted from `i = j + diagonal` on, and may become anything.
  package static func upperC(diagonal: Int) -> MatrixTriangle {
    MatrixTriangle(of: LK_UPPER_C, diagonal: diagonal)
  }
}
