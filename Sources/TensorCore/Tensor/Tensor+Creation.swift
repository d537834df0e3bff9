import Diagnostics
public import Kernels

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

  /// A tensor of `shape` filled with `value`.
  public static func full(_ shape: Shape, _ value: Float, _ dtype: DType = .float32) -> Tensor {
    let result = Tensor(uninitialized: shape, dtype)
    if dtype == .float32 {
      result.pointer(Float.self).update(repeating: value, count: result.count)
    } else {
      result.assign(elementsOf: Tensor(value))
    }
    return result
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: Shape, _ dtype: DType = .float32) -> Tensor {
    full(shape, 0, dtype)
  }

  /// A tensor of ones.
  public static func ones(_ shape: Shape, _ dtype: DType = .float32) -> Tensor {
    full(shape, 1, dtype)
  }

  /// The identity matrix of `size` rows, or the first `columns` columns of it.
  public static func eye(_ size: Int, columns: Int? = nil) -> Tensor {
    let columns = columns ?? size
    check(size >= 0 && columns >= 0, "eye: \(size) rows and \(columns) columns")
    let result = zeros([size, columns])
    let pointer = result.pointer(Float.self)
    for index in 0..<Swift.min(size, columns) { pointer[index * (columns + 1)] = 1 }
    return result
  }

  /// The integers of `range`, of type int64.
  public static func arange(_ range: Range<Int>) -> Tensor { Tensor(range.map { Int64($0) }) }

  /// The integers 0 ..< `count`, of type int64.
  public static func arange(_ count: Int) -> Tensor { arange(0..<count) }

  /// The floats from `start` in steps of `step` as long as they are before `end`.
  public static func arange(from start: Float, to end: Float, by step: Float) -> Tensor {
    check(step != 0, "arange: the step is 0")
    let count = Swift.max(0, Int(((Double(end) - Double(start)) / Double(step)).rounded(.up)))
    return Tensor((0..<count).map { Float(Double(start) + Double($0) * Double(step)) })
  }

  /// `count` evenly spaced floats from `start` to `end`, both included.
  public static func linspace(from start: Float, to end: Float, count: Int) -> Tensor {
    check(count >= 0, "linspace: \(count) values")
    let step = count > 1 ? (Double(end) - Double(start)) / Double(count - 1) : 0
    // From the nearer end, so that both ends are exact.
    return Tensor(
      (0..<count).map { index in
        index < (count + 1) / 2
          ? Float(Double(start) + Double(index) * step)
          : Float(Double(end) - Double(count - 1 - index) * step)
      })
  }
}
