import CFloats
package import Elements
import Parallel

/// Where an operand of an element-wise kernel lies: a first element and the stride to the next, in
/// elements.
package struct Run {
  /// The first element.
  package var pointer: UnsafeMutableRawPointer
  /// The type of the elements.
  package var dtype: DType
  /// Elements from one to the next; 0 repeats the first.
  package var stride: Int

  /// A run that starts at `pointer`.
  package init(_ pointer: UnsafeMutableRawPointer, _ dtype: DType, stride: Int) {
    self.pointer = pointer
    self.dtype = dtype
    self.stride = stride
  }

  /// Element `index`, where the elements are floats.
  func floats(_ index: Int) -> UnsafeMutablePointer<Float> {
    pointer.assumingMemoryBound(to: Float.self) + index * stride
  }

  func address(_ index: Int) -> UnsafeMutableRawPointer { pointer + index * stride * dtype.size }

  func elements<Element>(_: Element.Type, _ index: Int) -> UnsafeMutablePointer<Element> {
    pointer.assumingMemoryBound(to: Element.self) + index * stride
  }
}

// Kernels compute in float32, or in Int64 where all operands are integers. Other types are
// converted on the way in and out, a block that fits the first-level cache at a time.

/// Elements that are converted at a time.
let blockSize = 1024

extension Run {
  /// Copies `count` elements from `start` on to `block`, converted to floats.
  package func load(_ start: Int, _ count: Int, into block: UnsafeMutablePointer<Float>) {
    switch dtype {
    case .float16, .bfloat16, .float32:
      lk_widen(dtype.storage, count, 1, block, 1, address(start), stride)
    case .int64: gather(Int64.self, start, count, block) { Float($0) }
    case .int32: gather(Int32.self, start, count, block) { Float($0) }
    case .uint8, .bool: gather(UInt8.self, start, count, block) { Float($0) }
    }
  }

  /// Copies `count` integer elements from `start` on to `block`.
  func load(_ start: Int, _ count: Int, into block: UnsafeMutablePointer<Int64>) {
    switch dtype {
    case .float32: gather(Float.self, start, count, block) { Int64(number: Double($0)) }
    case .float16, .bfloat16:
      withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { floats in
        guard let floats = floats.baseAddress else { return }
        load(start, count, into: floats)
        for index in 0..<count { block[index] = Int64(number: Double(floats[index])) }
      }
    case .int64: gather(Int64.self, start, count, block) { $0 }
    case .int32: gather(Int32.self, start, count, block) { Int64($0) }
    case .uint8, .bool: gather(UInt8.self, start, count, block) { Int64($0) }
    }
  }

  /// Overwrites `count` elements from `start` on with those of `block`, converted.
  package func store(_ start: Int, _ count: Int, from block: UnsafePointer<Float>) {
    switch dtype {
    case .float16, .bfloat16, .float32:
      lk_narrow(dtype.storage, count, 1, address(start), stride, block, 1)
    case .int64: scatter(Int64.self, start, count, block) { Int64(number: Double($0)) }
    case .int32: scatter(Int32.self, start, count, block) { Int32(number: Double($0)) }
    case .uint8: scatter(UInt8.self, start, count, block) { UInt8(number: Double($0)) }
    case .bool: scatter(Bool.self, start, count, block) { $0 != 0 }
    }
  }

  /// Overwrites `count` elements from `start` on with those of `block`; integers that do not fit
  /// lose their upper bits.
  func store(_ start: Int, _ count: Int, from block: UnsafePointer<Int64>) {
    switch dtype {
    case .float16, .bfloat16, .float32:
      withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { floats in
        guard let floats = floats.baseAddress else { return }
        for index in 0..<count { floats[index] = Float(block[index]) }
        store(start, count, from: UnsafePointer(floats))
      }
    case .int64: scatter(Int64.self, start, count, block) { $0 }
    case .int32: scatter(Int32.self, start, count, block) { Int32(truncatingIfNeeded: $0) }
    case .uint8: scatter(UInt8.self, start, count, block) { UInt8(truncatingIfNeeded: $0) }
    case .bool: scatter(Bool.self, start, count, block) { $0 != 0 }
    }
  }

  @inline(__always)
  private func gather<Element, Value>(
    _: Element.Type, _ start: Int, _ count: Int, _ block: UnsafeMutablePointer<Value>,
    _ convert: (Element) -> Value
  ) {
    let source = elements(Element.self, start)
    for index in 0..<count { block[index] = convert(source[index * stride]) }
  }

  @inline(__always)
  private func scatter<Element, Value>(
    _: Element.Type, _ start: Int, _ count: Int, _ block: UnsafePointer<Value>,
    _ convert: (Value) -> Element
  ) {
    let target = elements(Element.self, start)
    for index in 0..<count { target[index * stride] = convert(block[index]) }
  }
}

/// `out[i] = a[i]` for `count` elements, converted to the type of `out`.
package func convert(count: Int, _ out: Run, _ a: Run) {
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
        a.dtype.storage, range.count, 1, out.floats(first), out.stride, a.address(first), a.stride)
    }
  } else if a.dtype == .float32, out.dtype.isFloatingPoint {
    parallelRanges(count, grain: elementwiseGrain) { range in
      let first = range.lowerBound
      lk_narrow(
        out.dtype.storage, range.count, 1, out.address(first), out.stride, a.floats(first),
        a.stride)
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
