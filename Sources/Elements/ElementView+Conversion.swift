import CFloats

// Kernels compute in float32, or in Int64 where all operands are integers. Other types are
// converted on the way in and out, a block that fits the first-level cache at a time.

extension ElementView {
  /// Copies `count` elements of the first row, from column `start` on, to `block`, as floats.
  package func load(_ start: Int, _ count: Int, into block: UnsafeMutablePointer<Float>) {
    switch dtype.elementKind {
    case .float:
      lk_widen(dtype.storage, count, 1, block, 1, address(start), columnStride)
    case .int64: gather(Int64.self, start, count, block) { Float($0) }
    case .int32: gather(Int32.self, start, count, block) { Float($0) }
    case .uint8, .bool: gather(UInt8.self, start, count, block) { Float($0) }
    }
  }

  /// Copies `count` integer elements of the first row from column `start` on to `block`.
  package func load(_ start: Int, _ count: Int, into block: UnsafeMutablePointer<Int64>) {
    switch dtype.elementKind {
    case .float:
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

  /// Overwrites `count` elements of the first row from column `start` on with those of `block`, converted.
  package func store(_ start: Int, _ count: Int, from block: UnsafePointer<Float>) {
    switch dtype.elementKind {
    case .float:
      lk_narrow(dtype.storage, count, 1, address(start), columnStride, block, 1)
    case .int64: scatter(Int64.self, start, count, block) { Int64(number: Double($0)) }
    case .int32: scatter(Int32.self, start, count, block) { Int32(number: Double($0)) }
    case .uint8: scatter(UInt8.self, start, count, block) { UInt8(number: Double($0)) }
    case .bool: scatter(Bool.self, start, count, block) { $0 != 0 }
    }
  }

  /// Overwrites `count` elements of the first row from column `start` on with those of `block`; integers that do not fit
  /// lose their upper bits.
  package func store(_ start: Int, _ count: Int, from block: UnsafePointer<Int64>) {
    switch dtype.elementKind {
    case .float:
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
    let source = address(start).assumingMemoryBound(to: Element.self)
    for index in 0..<count { block[index] = convert(source[index * columnStride]) }
  }

  @inline(__always)
  private func scatter<Element, Value>(
    _: Element.Type, _ start: Int, _ count: Int, _ block: UnsafePointer<Value>,
    _ convert: (Value) -> Element
  ) {
    let target = address(start).assumingMemoryBound(to: Element.self)
    for index in 0..<count { target[index * columnStride] = convert(block[index]) }
  }

  /// Copies `rows` rows of `columns` floats, from row `first` on, to `block`, where they have no gaps.
  /// The columns are neighbours.
  package func load(
    rows: Int, from first: Int, columns: Int, into block: UnsafeMutablePointer<Float>
  ) {
    lk_widen(
      dtype.storage, rows, columns, block, columns, from(row: first).pointer, rowStride)
  }

  /// Overwrites `rows` rows of `columns` floats, from row `first` on, with those of `block`, rounded.
  /// The columns are neighbours.
  package func store(
    rows: Int, from first: Int, columns: Int, of block: UnsafePointer<Float>
  ) {
    lk_narrow(
      dtype.storage, rows, columns, from(row: first).pointer, rowStride, block, columns)
  }
}
