import Diagnostics
public import Elements

extension Tensor {
  /// A tensor of `shape` with `values` in row-major order. Stops unless there are as many as the
  /// shape holds.
  public convenience init<Element: TensorElement>(_ values: [Element], shape: Shape) {
    shape.requireSizes("Tensor")
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

  /// A tensor of one dimension, with a copy of the values.
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

  /// A tensor of three dimensions from its matrices. Stops unless all are equally large.
  public convenience init<Element: TensorElement>(_ matrices: [[[Element]]]) {
    let (rows, columns) = (matrices.first?.count ?? 0, matrices.first?.first?.count ?? 0)
    for (index, matrix) in matrices.enumerated() {
      check(
        matrix.count == rows,
        "Tensor: matrix \(index) has \(matrix.count) rows, matrix 0 has \(rows)")
      for (position, row) in matrix.enumerated() {
        check(
          row.count == columns,
          """
          Tensor: row \(position) of matrix \(index) has \(row.count) values, the first row of \
          matrix 0 has \(columns)
          """)
      }
    }
    self.init(matrices.flatMap { $0.flatMap { $0 } }, shape: [matrices.count, rows, columns])
  }

  /// A scalar, of shape `[]`.
  public convenience init<Element: TensorElement>(_ value: Element) {
    self.init([value], shape: [])
  }

  /// A tensor of `shape` filled with `value`. Stops if a size is negative, and where the type cannot
  /// hold the value; integers lose its fraction.
  public static func full(_ shape: Shape, _ value: Float, _ dtype: DType = .float32) -> Tensor {
    filled(shape, dtype, "full", value)
  }

  /// A tensor of `shape` and type `dtype` filled with an integer. Stops if a size is negative, and
  /// where the type cannot hold the value.
  public static func full(_ shape: Shape, _ value: Int, _ dtype: DType) -> Tensor {
    shape.requireSizes("full")
    dtype.requireRoom(for: value, "full")
    let result = Tensor(uninitialized: shape, dtype)
    result.assign(elementsOf: Tensor(Int64(value)))
    return result
  }

  /// A tensor of zeros. Stops if a size is negative.
  public static func zeros(_ shape: Shape, _ dtype: DType = .float32) -> Tensor {
    filled(shape, dtype, "zeros", 0)
  }

  /// A tensor of ones. Stops if a size is negative.
  public static func ones(_ shape: Shape, _ dtype: DType = .float32) -> Tensor {
    filled(shape, dtype, "ones", 1)
  }

  private static func filled(
    _ shape: Shape, _ dtype: DType, _ operation: StaticString, _ value: Float
  ) -> Tensor {
    shape.requireSizes(operation)
    dtype.requireRoom(for: Double(value), operation)
    let result = Tensor(uninitialized: shape, dtype)
    if dtype == .float32 {
      result.pointer(Float.self).update(repeating: value, count: result.count)
    } else {
      result.assign(elementsOf: Tensor(value))
    }
    return result
  }

  /// The identity matrix of `size` rows, or the first `columns` columns of it.
  public static func eye(_ size: Int, columns: Int? = nil, _ dtype: DType = .float32) -> Tensor {
    let columns = columns ?? size
    check(size >= 0 && columns >= 0, "eye: \(size) rows and \(columns) columns")
    let result = zeros([size, columns])
    let pointer = result.pointer(Float.self)
    for index in 0..<Swift.min(size, columns) { pointer[index * (columns + 1)] = 1 }
    return result.converted(to: dtype)
  }

  /// The integers of `range`, of type int64.
  public static func arange(_ range: Range<Int>) -> Tensor { Tensor(range.map { Int64($0) }) }

  /// The integers 0 ..< `count`, of type int64. Stops if `count` is negative.
  public static func arange(_ count: Int) -> Tensor {
    check(count >= 0, "arange: \(count) integers")
    return arange(0..<count)
  }

  /// The integers from `start` in steps of `step` as long as they are before `end`, of type int64.
  /// Stops if the step is 0 or leads away from `end`.
  public static func arange(from start: Int, to end: Int, by step: Int) -> Tensor {
    requireDirection(start, end, step)
    return Tensor(stride(from: start, to: end, by: step).map { Int64($0) })
  }

  /// The numbers from `start` in steps of `step` as long as they are before `end`, as float32: as
  /// many as (end - start) / step, computed in double and rounded up. So 0 to 0.3 by 0.1 are three.
  /// Stops if the step is 0 or leads away from `end`.
  public static func arange(from start: Double, to end: Double, by step: Double) -> Tensor {
    let steps = ((end - start) / step).rounded(.up)
    check(
      step == 0 || steps.magnitude < 0x1p60,
      "arange: from \(start) to \(end) by \(step) is no finite sequence")
    requireDirection(start, end, step)
    return Tensor((0..<Int(steps)).map { Float(start + Double($0) * step) })
  }

  /// The same for floats of another type, each of which is taken for the double that it is: a `Float`
  /// of 0.1 for 0.100000001.
  public static func arange<Number: BinaryFloatingPoint>(
    from start: Number, to end: Number, by step: Number
  ) -> Tensor {
    arange(from: Double(start), to: Double(end), by: Double(step))
  }

  private static func requireDirection<Number: SignedNumeric & Comparable>(
    _ start: Number, _ end: Number, _ step: Number
  ) {
    check(step != 0, "arange: the step is 0")
    check(
      step > 0 ? start <= end : start >= end,
      "arange: steps of \(step) lead from \(start) away from \(end); use the other sign")
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

// Literals without a type: fractions are float32, and whole numbers, being `Int`, int64.
extension Tensor {
  /// A float32 tensor of `shape` with `values` in row-major order.
  public convenience init(_ values: [Double], shape: Shape) {
    self.init(values.map { Float($0) }, shape: shape)
  }

  /// A float32 tensor of one dimension.
  public convenience init(_ values: [Double]) { self.init(values.map { Float($0) }) }

  /// A float32 matrix from its rows. Stops unless all are equally long.
  public convenience init(_ rows: [[Double]]) { self.init(rows.map { $0.map { Float($0) } }) }

  /// A float32 tensor of three dimensions from its matrices. Stops unless all are equally large.
  public convenience init(_ matrices: [[[Double]]]) {
    self.init(matrices.map { $0.map { $0.map { Float($0) } } })
  }

  /// A float32 scalar.
  public convenience init(_ value: Double) { self.init(Float(value)) }
}
