import CKernels
import Diagnostics

/// exp(x) / sum(exp(x)) along `axis`.
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  overRows(x, axis, "softmax") { rows, result in
    lk_softmax_rows(
      rows.rowCount, rows.rowSize, rows.pointer(Float.self), result.pointer(Float.self))
  } gradient: { gradient, y, result in
    lk_softmax_gradient_rows(
      y.rowCount, y.rowSize, gradient.pointer(Float.self), y.pointer(Float.self),
      result.pointer(Float.self))
  }
}

/// The logarithm of softmax along `axis`, computed without overflow.
public func logSoftmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  overRows(x, axis, "logSoftmax") { rows, result in
    lk_log_softmax_rows(
      rows.rowCount, rows.rowSize, rows.pointer(Float.self), result.pointer(Float.self))
  } gradient: { gradient, y, result in
    lk_log_softmax_gradient_rows(
      y.rowCount, y.rowSize, gradient.pointer(Float.self), y.pointer(Float.self),
      result.pointer(Float.self))
  }
}

/// Applies a row kernel along `axis`, and its gradient, which is computed from the result.
private func overRows(
  _ x: Tensor, _ axis: Int, _ name: StaticString,
  _ forward: (_ rows: Tensor, _ result: Tensor) -> Void,
  gradient backward: @escaping (_ gradient: Tensor, _ y: Tensor, _ result: Tensor) -> Void
) -> Tensor {
  x.requireFloat(name)
  if x.dtype == .float16 {
    return x.inFloat32 { overRows($0, axis, name, forward, gradient: backward) }
  }
  let axis = x.rank == 0 ? 0 : x.shape.axis(axis, name)
  if x.rank > 0, axis != x.rank - 1 {
    return overRows(x.transposed(axis, -1), -1, name, forward, gradient: backward)
      .transposed(axis, -1)
  }
  let rows = x.contiguousValues()
  let y = Tensor(uninitialized: x.shape)
  forward(rows, y)
  return y.recorded(
    name,
    [
      x.edge { [y = Saved(y)] gradient in
        let result = Tensor(uninitialized: gradient.shape)
        backward(gradient.contiguousValues(), y.value, result)
        return result
      }
    ])
}

extension Tensor {
  /// The size of the last axis.
  package var rowSize: Int { rank == 0 ? 1 : shape[rank - 1] }
  /// The number of rows along the last axis.
  package var rowCount: Int { rowSize == 0 ? 0 : count / rowSize }
}
