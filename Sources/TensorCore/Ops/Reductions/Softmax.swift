import CKernels
import Diagnostics
import Elements
import Kernels
import Parallel

/// exp(x) / sum(exp(x)) along `axis`, computed without overflow; the shape stays. Stops for
/// integers.
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  if let cast = Autocast("softmax") { return cast.run { softmax(cast(x), axis: axis) } }
  return alongAxis(x, axis, "softmax", logarithm: false, to: x.dtype)
}

/// The logarithm of softmax along `axis`, computed without overflow; the shape stays. Stops for
/// integers.
public func logSoftmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  if let cast = Autocast("logSoftmax") { return cast.run { logSoftmax(cast(x), axis: axis) } }
  return logSoftmax(x, axis: axis, to: x.dtype)
}

/// The same, stored as `result`.
func logSoftmax(_ x: Tensor, axis: Int, to result: DType) -> Tensor {
  alongAxis(x, axis, "logSoftmax", logarithm: true, to: result)
}

private func alongAxis(
  _ x: Tensor, _ axis: Int, _ name: StaticString, logarithm: Bool, to result: DType
) -> Tensor {
  x.requireFloat(name)
  let axis = x.shape.axisOrScalar(axis, name)
  let lines = Lines(x.shape, axis)
  let values = x.contiguousValues()
  let y = Tensor(uninitialized: x.shape, result)
  lines.softmax(values, into: y, logarithm: logarithm)
  return y.recorded(
    name,
    x.edge { [y = Saved(y), dtype = x.dtype] gradient in
      let result = Tensor(uninitialized: gradient.shape, dtype)
      lines.softmaxGradient(
        gradient.contiguousValues(), y.value, into: result, logarithm: logarithm)
      return result
    })
}

/// The elements of a contiguous tensor along one axis: `[outer, size, inner]`.
private struct Lines {
  private var (outer, size, inner) = (1, 1, 1)

  init(_ shape: Shape, _ axis: Int) {
    for index in 0..<shape.count {
      if index < axis { outer *= shape[index] }
      if index == axis { size = shape[index] }
      if index > axis { inner *= shape[index] }
    }
  }

  func softmax(_ x: Tensor, into y: Tensor, logarithm: Bool) {
    if inner == 1 {
      let kernel = logarithm ? lk_log_softmax_rows : lk_softmax_rows
      parallelRows(outer, size, [x.rows(size), y.rows(size, .write)]) { _, count, at in
        kernel(count, size, at[0], at[1])
      }
    } else {
      forEachStrip { start, width in
        let list: InlineArray<2, RowOperand> = [
          x.rows(width, from: start, inner), y.rows(width, from: start, inner, .write),
        ]
        withMatrices(rows: size, list) { at, strides in
          lk_softmax_columns(size, width, strides[0], at[0], at[1], logarithm)
        }
      }
    }
  }

  func softmaxGradient(_ g: Tensor, _ y: Tensor, into out: Tensor, logarithm: Bool) {
    if inner == 1 {
      let kernel = logarithm ? lk_log_softmax_gradient_rows : lk_softmax_gradient_rows
      let list: InlineArray<3, RowOperand> = [g.rows(size), y.rows(size), out.rows(size, .write)]
      parallelRows(outer, size, list) { _, count, at in kernel(count, size, at[0], at[1], at[2]) }
    } else {
      forEachStrip { start, width in
        let list: InlineArray<3, RowOperand> = [
          g.rows(width, from: start, inner), y.rows(width, from: start, inner),
          out.rows(width, from: start, inner, .write),
        ]
        withMatrices(rows: size, list) { at, strides in
          lk_softmax_gradient_columns(size, width, strides[0], at[0], at[1], at[2], logarithm)
        }
      }
    }
  }

  /// Neighbouring lines, at most 64 at a time, which lie side by side in memory.
  private func forEachStrip(_ body: (_ start: Int, _ width: Int) -> Void) {
    let strips = (inner + 63) / 64
    parallelRows(outer * strips, size * min(inner, 64)) { first, count in
      for index in first..<(first + count) {
        let column = index % strips * 64
        body(index / strips * size * inner + column, min(64, inner - column))
      }
    }
  }
}
