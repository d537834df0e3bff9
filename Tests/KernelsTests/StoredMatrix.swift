import Elements
import Kernels

/// A matrix in memory of its own, stored as it is or as its transpose, with NaN between its rows.
struct StoredMatrix {
  private let values: [Float]
  private let leading: Int
  private let isTransposed: Bool

  /// A matrix of `rows` and `columns` whose rows are `numbers`, one after the other.
  init(_ numbers: [Float], _ rows: Int, _ columns: Int, isTransposed: Bool, gap: Int = 0) {
    let (storedRows, width) = isTransposed ? (columns, rows) : (rows, columns)
    let leading = max(1, width + gap)
    var values = [Float](repeating: .nan, count: max(1, storedRows * leading))
    for (index, number) in numbers.enumerated() {
      let (row, column) = (index / columns, index % columns)
      values[isTransposed ? column * leading + row : row * leading + column] = number
    }
    (self.values, self.leading, self.isTransposed) = (values, leading, isTransposed)
  }

  /// Calls `body` with the operand.
  func withOperand(_ body: (ElementView) -> Void) {
    values.withUnsafeBufferPointer { values in
      guard let start = values.baseAddress else { return }
      body(ElementView(matrix: start, leading: leading, isTransposed: isTransposed))
    }
  }
}

/// `c` after the product of `a` and `b`, from row and column `part` of the product on, has been
/// written to it or added to it; its rows are `leading` apart.
func product<Element: TensorElement>(
  _ m: Int, _ n: Int, _ k: Int, _ a: StoredMatrix, _ b: StoredMatrix, into c: [Element],
  leading: Int, accumulate: Bool = false, triangle: MatrixTriangle = .all,
  part: (row: Int, column: Int) = (0, 0)
) -> [Element] {
  var c = c
  a.withOperand { a in
    b.withOperand { b in
      c.withUnsafeMutableBytes { c in
        guard let start = c.baseAddress else { return }
        gemm(
          m: m, n: n, k: k, a.from(row: part.row, column: 0), b.from(row: 0, column: part.column),
          into: ElementView(start, Element.dtype, rowStride: leading), accumulate: accumulate,
          triangle: triangle)
      }
    }
  }
  return c
}
