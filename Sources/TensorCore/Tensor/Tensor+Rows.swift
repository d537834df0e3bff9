import Elements
import Kernels

// What operations need to take floats of every storage type. Kernels compute in float32 and convert
// blocks that fit a cache (`forEachRowBlock`, `gemm`, `ElementView`), so that no operation has code for a
// type of its own.

extension Tensor {
  /// The elements of this contiguous tensor as rows of `columns`.
  func rows(_ columns: Int, _ use: RowOperand.Use = .read) -> RowOperand {
    RowOperand(address(), dtype, columns: columns, use)
  }

  /// The rows of a result that is overwritten or, with `accumulating`, added to.
  func rows(_ columns: Int, _ accumulating: Bool) -> RowOperand {
    rows(columns, accumulating ? .update : .write)
  }

  /// The same from element `start` on, as rows `stride` elements apart.
  func rows(
    _ columns: Int, from start: Int, _ stride: Int, _ use: RowOperand.Use = .read
  ) -> RowOperand {
    RowOperand(address() + start * dtype.size, dtype, columns: columns, stride: stride, use)
  }

  /// The values as contiguous float32, outside the graph: for vectors of parameters.
  var wideValues: Tensor { detached().converted(to: .float32).contiguousValues() }

  /// Calls `body` with this small contiguous gradient as float32, which it overwrites or, with
  /// `accumulating`, adds to. It is rounded once.
  func withFloats(accumulating: Bool, _ body: (UnsafeMutablePointer<Float>) -> Void) {
    if accumulating { storage.markWritten(by: "add") }
    Kernels.withFloats(count, address(), dtype, accumulating ? .update : .write, body)
  }

  /// Writes the sums of the columns of `rows`, a matrix, to this vector, or adds them.
  func takeColumnSums(of rows: Tensor, accumulating: Bool) {
    let rows = rows.contiguousValues()
    withFloats(accumulating: accumulating) { sums in
      columnSums(rows.rows(count), rows.rowCount, into: sums, accumulating: accumulating)
    }
  }

  /// This saved value or gradient for a formula with several steps, each of which would round
  /// narrow floats.
  package var wide: Tensor { dtype.isNarrowFloat ? converted(to: .float32) : self }
}
