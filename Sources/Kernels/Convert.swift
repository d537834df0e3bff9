import CFloats
package import Elements
import Parallel

/// Elements that are converted at a time.
let blockSize = 1024

/// `out[i] = a[i]` for `count` elements, converted to the type of `out`.
package func convert(count: Int, _ out: ElementView, _ a: ElementView) {
  func blockwise<Value>(
    _: Value.Type, _ load: (Int, Int, UnsafeMutablePointer<Value>) -> Void,
    _ store: (Int, Int, UnsafePointer<Value>) -> Void
  ) {
    withBlocks(of: Value.self, 1) { block in
      forEachBlock(0..<count) { start, size in
        load(start, size, block)
        store(start, size, block)
      }
    }
  }
  if out.dtype == .float32, a.dtype.isFloatingPoint {
    parallelRanges(count, grain: elementwiseGrain) { range in
      let first = range.lowerBound
      lk_widen(
        a.dtype.storage, range.count, 1, out.floats(first), out.columnStride, a.address(first),
        a.columnStride)
    }
  } else if a.dtype == .float32, out.dtype.isFloatingPoint {
    parallelRanges(count, grain: elementwiseGrain) { range in
      let first = range.lowerBound
      lk_narrow(
        out.dtype.storage, range.count, 1, out.address(first), out.columnStride, a.floats(first),
        a.columnStride)
    }
  } else if a.dtype.isFloatingPoint {
    blockwise(Float.self, a.load, out.store)
  } else {
    blockwise(Int64.self, a.load, out.store)
  }
}

/// Calls `body` with room for `blocks` blocks.
func withBlocks<Value>(
  of _: Value.Type, _ blocks: Int, _ body: (UnsafeMutablePointer<Value>) -> Void
) {
  withUnsafeTemporaryAllocation(of: Value.self, capacity: blocks * blockSize) { buffer in
    if let start = buffer.baseAddress { body(start) }
  }
}

/// Cuts `range` into blocks.
func forEachBlock(_ range: Range<Int>, _ body: (_ start: Int, _ size: Int) -> Void) {
  var start = range.lowerBound
  while start < range.upperBound {
    let size = min(blockSize, range.upperBound - start)
    body(start, size)
    start += size
  }
}
