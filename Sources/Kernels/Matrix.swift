import CFloats
import CKernels
package import Elements

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

  var matrix: lk_matrix {
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
}
