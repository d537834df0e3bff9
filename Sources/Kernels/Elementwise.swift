package import CKernels
package import Elements
import Parallel

/// An element-wise kernel of two operands; see `lk_binary`.
package typealias BinaryKernel = lk_binary
/// An element-wise kernel of one operand and two parameters; see `lk_unary`.
package typealias UnaryKernel = lk_unary
/// An element-wise kernel of one operand that also gives its derivative; see `lk_with_slope`.
package typealias KernelWithSlope = lk_with_slope

/// Elements below which a second thread costs more than it brings.
let elementwiseGrain = 16_384

/// `out[i] = kernel(a[i], b[i])` for `count` elements, computed in float32.
package func apply(
  _ kernel: BinaryKernel, count: Int, _ out: ElementView, _ a: ElementView, _ b: ElementView
) {
  let isFloat = out.dtype == .float32 && a.dtype == .float32 && b.dtype == .float32
  parallelRanges(count, grain: elementwiseGrain) { range in
    let first = range.lowerBound
    if isFloat {
      kernel(
        range.count, out.floats(first), out.columnStride, a.floats(first), a.columnStride,
        b.floats(first),
        b.columnStride)
      return
    }
    withBlocks(of: Float.self, 2) { x in
      let y = x + blockSize
      forEachBlock(range) { start, size in
        a.load(start, size, into: x)
        b.load(start, size, into: y)
        kernel(size, x, 1, x, 1, y, 1)
        out.store(start, size, from: UnsafePointer(x))
      }
    }
  }
}

/// `out[i] = kernel(a[i]; p, q)` for `count` elements, computed in float32.
package func apply(
  _ kernel: UnaryKernel, count: Int, _ out: ElementView, _ a: ElementView, p: Float = 0,
  q: Float = 0
) {
  let isFloat = out.dtype == .float32 && a.dtype == .float32
  parallelRanges(count, grain: elementwiseGrain) { range in
    let first = range.lowerBound
    if isFloat {
      kernel(
        range.count, out.floats(first), out.columnStride, a.floats(first), a.columnStride, p, q)
      return
    }
    withBlocks(of: Float.self, 1) { x in
      forEachBlock(range) { start, size in
        a.load(start, size, into: x)
        kernel(size, x, 1, x, 1, p, q)
        out.store(start, size, from: UnsafePointer(x))
      }
    }
  }
}

/// `out[i] = kernel(a[i])`, and `slope[i]` its derivative, for `count` contiguous elements, computed
/// in float32. All are of one type.
package func apply(
  _ kernel: KernelWithSlope, count: Int, _ out: ElementView, slope: ElementView?, _ a: ElementView
) {
  parallelRanges(count, grain: elementwiseGrain) { range in
    let first = range.lowerBound
    if out.dtype == .float32 {
      return kernel(range.count, out.floats(first), slope?.floats(first), a.floats(first))
    }
    withBlocks(of: Float.self, 2) { x in
      let d = x + blockSize
      forEachBlock(range) { start, size in
        a.load(start, size, into: x)
        kernel(size, x, d, x)
        out.store(start, size, from: UnsafePointer(x))
        slope?.store(start, size, from: UnsafePointer(d))
      }
    }
  }
}

/// `out[i] = function(a[i], b[i])` for `count` integers, computed in Int64.
package func apply(
  _ function: (Int64, Int64) -> Int64, count: Int, _ out: ElementView, _ a: ElementView,
  _ b: ElementView
) {
  withBlocks(of: Int64.self, 2) { x in
    let y = x + blockSize
    forEachBlock(0..<count) { start, size in
      a.load(start, size, into: x)
      b.load(start, size, into: y)
      for index in 0..<size { x[index] = function(x[index], y[index]) }
      out.store(start, size, from: UnsafePointer(x))
    }
  }
}
