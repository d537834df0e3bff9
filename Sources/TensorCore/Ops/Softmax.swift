import CKernels
import Diagnostics
import Kernels

/// exp(x) / sum(exp(x)) along `axis`.
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  alongAxis(x, axis, "softmax", logarithm: false)
}

/// The logarithm of softmax along `axis`, computed without overflow.
public func logSoftmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  alongAxis(x, axis, "logSoftmax", logarithm: true)
}

private func alongAxis(
  _ x: Tensor, _ axis: Int, _ name: StaticString, logarithm: Bool
) -> Tensor {
  if let cast = Autocast(name) {
    return cast.run { alongAxis(cast(x), axis, name, logarithm: logarithm) }
  }
  x.requireFloat(name)
  if x.dtype == .float16 { return x.inFloat32 { alongAxis($0, axis, name, logarithm: logarithm) } }
  let axis = x.rank == 0 ? 0 : x.shape.axis(axis, name)
  let lines = Lines(x.shape, axis)
  let values = x.contiguousValues()
  let y = Tensor(uninitialized: x.shape)
  lines.softmax(values.pointer(), into: y.pointer(), logarithm: logarithm)
  return y.recorded(
    name,
    x.edge { [y = Saved(y)] gradient in
      let result = Tensor(uninitialized: gradient.shape)
      let rows = gradient.contiguousValues()
      lines.softmaxGradient(
        rows.pointer(), y.value.pointer(), into: result.pointer(), logarithm: logarithm)
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

  func softmax(
    _ x: UnsafeMutablePointer<Float>, into y: UnsafeMutablePointer<Float>, logarithm: Bool
  ) {
    if inner == 1 {
      parallelRows(outer, size) { first, count in
        let kernel = logarithm ? lk_log_softmax_rows : lk_softmax_rows
        kernel(count, size, x + first * size, y + first * size)
      }
    } else {
      forEachStrip { start, width in
        lk_softmax_columns(size, width, inner, x + start, y + start, logarithm)
      }
    }
  }

  func softmaxGradient(
    _ g: UnsafeMutablePointer<Float>, _ y: UnsafeMutablePointer<Float>,
    into out: UnsafeMutablePointer<Float>, logarithm: Bool
  ) {
    if inner == 1 {
      parallelRows(outer, size) { first, count in
        let kernel = logarithm ? lk_log_softmax_gradient_rows : lk_softmax_gradient_rows
        let start = first * size
        kernel(count, size, g + start, y + start, out + start)
      }
    } else {
      forEachStrip { start, width in
        lk_softmax_gradient_columns(
          size, width, inner, g + start, y + start, out + start, logarithm)
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
