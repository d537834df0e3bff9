import Diagnostics

extension Tensor {
  /// A tensor of `shape` with `values` in row-major order. Stops unless there are as many as the shape holds.
  public convenience init<Element: TensorElement>(_ values: [Element], shape: Shape) {
    check(
      values.count == shape.elementCount,
      "Tensor: \(values.count) values for shape \(shape), which holds \(shape.elementCount)")
    self.init(uninitialized: shape, Element.dtype)
    values.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress {
        storage.pointer.copyMemory(from: source, byteCount: bytes.count)
      }
    }
  }

  /// A tensor of one dimension.
  public convenience init<Element: TensorElement>(_ values: [Element]) {
    self.init(values, shape: [values.count])
  }

  /// A matrix from its rows. Stops unless all are equally long.
  public convenience init<Element: TensorElement>(_ rows: [[Element]]) {
    let columns = rows.first?.count ?? 0
    for (index, row) in rows.enumerated() {
      check(
        row.count == columns,
        "Tensor: row \(index) has \(row.count) values, row 0 has \(columns)")
    }
    self.init(rows.flatMap { $0 }, shape: [rows.count, columns])
  }

  /// A scalar.
  public convenience init<Element: TensorElement>(_ value: Element) {
    self.init([value], shape: [])
  }

  /// A float32 tensor of `shape` filled with `value`.
  public static func full(_ shape: Shape, _ value: Float) -> Tensor {
    let result = Tensor(uninitialized: shape)
    result.pointer(Float.self).update(repeating: value, count: result.count)
    return result
  }

  /// A float32 tensor of zeros.
  public static func zeros(_ shape: Shape) -> Tensor { full(shape, 0) }

  /// A float32 tensor of ones.
  public static func ones(_ shape: Shape) -> Tensor { full(shape, 1) }

  /// Uniform random values in `range`, from `generator` or this thread's default one.
  public static func uniform(
    _ shape: Shape, in range: ClosedRange<Float> = 0...1, generator: Generator = .default
  ) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let pointer = result.pointer(Float.self)
    let width = range.upperBound - range.lowerBound
    generator.fill(result.count) { index, bits in
      pointer[index] = range.lowerBound + width * unitInterval(bits)
    }
    return result
  }

  /// Random values of the standard normal distribution.
  public static func normal(_ shape: Shape, generator: Generator = .default) -> Tensor {
    let result = Tensor(uninitialized: shape)
    let pointer = result.pointer(Float.self)
    generator.fillNormal(result.count) { pointer[$0] = $1 }
    return result
  }

  /// Random integers in `range`, of type int32.
  public static func randomIntegers(
    _ shape: Shape, in range: Range<Int32>, generator: Generator = .default
  ) -> Tensor {
    check(!range.isEmpty, "randomIntegers: the range \(range) is empty")
    let result = Tensor(uninitialized: shape, .int32)
    let pointer = result.pointer(Int32.self)
    let width = UInt64(Int64(range.upperBound) - Int64(range.lowerBound))
    generator.fill(result.count) { index, bits in
      pointer[index] = range.lowerBound &+ Int32(truncatingIfNeeded: (UInt64(bits) * width) >> 32)
    }
    return result
  }
}
