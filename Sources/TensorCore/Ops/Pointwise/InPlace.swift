import CKernels
import Diagnostics
import Elements
import Kernels

// In-place twins. They write to the memory of the tensor, which all its views share, and take part
// in the graph: the tensor afterwards stands for the result. Where a gradient needs the overwritten
// value, `backward()` says so.

extension Tensor {
  /// Adds `b`, which must broadcast to this shape, to every element in place.
  public static func += (a: Tensor, b: Tensor) { a.form(.add, b) { $0 + $1 } }
  /// Subtracts `b`, which must broadcast to this shape, in place.
  public static func -= (a: Tensor, b: Tensor) {
    requireSubtractable(a, b)
    a.form(.subtract, b) { $0 - $1 }
  }
  /// Multiplies by `b`, which must broadcast to this shape, in place.
  public static func *= (a: Tensor, b: Tensor) {
    a.form(.multiply, b, keepsInput: true) { $0 * $1 }
  }
  /// Divides by `b`, which must broadcast to this shape, in place. Stops for integers.
  public static func /= (a: Tensor, b: Tensor) { a.form(.divide, b, keepsInput: true) { $0 / $1 } }

  /// Adds `b` in place. Stops for integers.
  public static func += (a: Tensor, b: Float) { a.form("add", lk_shift, b) { $0 + b } }
  /// Subtracts `b` in place. Stops for integers.
  public static func -= (a: Tensor, b: Float) { a.form("subtract", lk_shift, -b) { $0 - b } }
  /// Multiplies by `b` in place. Stops for integers.
  public static func *= (a: Tensor, b: Float) { a.form("multiply", lk_scale, b) { $0 * b } }
  /// Divides by `b` in place. Stops for integers.
  public static func /= (a: Tensor, b: Float) { a.form("divide", lk_divide_by, b) { $0 / b } }

  /// Adds `b` in place.
  public static func += (a: Tensor, b: Int) {
    if a.dtype.isFloatingPoint { a += Float(b) } else { a += a.scalar(b) }
  }
  /// Subtracts `b` in place.
  public static func -= (a: Tensor, b: Int) {
    if a.dtype.isFloatingPoint { a -= Float(b) } else { a -= a.scalar(b) }
  }
  /// Multiplies by `b` in place.
  public static func *= (a: Tensor, b: Int) {
    if a.dtype.isFloatingPoint { a *= Float(b) } else { a *= a.scalar(b) }
  }
  /// Divides by `b` in place. Stops for integers.
  public static func /= (a: Tensor, b: Int) { a /= Float(b) }

  /// Limits every element to `lower ... upper` in place. Stops for integers.
  public func clamp(from lower: Float? = nil, to upper: Float? = nil) {
    form("clamp", keepsInput: true) { $0.clamped(from: lower, to: upper) }
  }
  /// Limits every element to `lower ... upper` in place.
  public func clamp(from lower: Int? = nil, to upper: Int? = nil) {
    form("clamp", keepsInput: true) { $0.clamped(from: lower, to: upper) }
  }
  /// Negates every element in place.
  public func negate() { form("negate") { -$0 } }
  /// Replaces every element by its exponential.
  public func formExp() { form("formExp") { $0.exp() } }
  /// Replaces every element by its natural logarithm.
  public func formLog() { form("formLog", keepsInput: true) { $0.log() } }
  /// Replaces every element by its square root.
  public func formSquareRoot() { form("formSquareRoot") { $0.squareRoot() } }
  /// Replaces every element by its absolute value.
  public func formAbs() { form("formAbs", keepsInput: true) { $0.abs() } }
  /// Replaces every element by max(x, 0).
  public func formRelu() { form("formRelu") { relu($0) } }
  /// Replaces every element by its hyperbolic tangent.
  public func formTanh() { form("formTanh") { tanh($0) } }
  /// Replaces every element by 1 / (1 + exp(-x)).
  public func formSigmoid() { form("formSigmoid") { sigmoid($0) } }
  /// Overwrites all elements with 0; no gradient flows to what they were.
  public func formZero() {
    form("formZero") { x in
      .zeros(x.shape, x.dtype).recorded("formZero", x.edge { .zeros($0.shape, $0.dtype) })
    }
  }

  /// Replaces this tensor by `operation(self, other)`; `outOfPlace` is the operation that records.
  private func form(
    _ operation: BinaryOperation, _ other: Tensor, keepsInput: Bool = false,
    _ outOfPlace: (Tensor, Tensor) -> Tensor
  ) {
    check(
      broadcast(shape, other.shape, operation.name) == shape,
      "\(operation.name) in place: shape \(other.shape) does not broadcast to \(shape)")
    requireRoom(for: operation.resultType(Tensor.promotedType(self, other)), operation.name)
    if isGradientEnabled, node != nil || other.node != nil {
      form(operation.name, keepsInput: keepsInput) { outOfPlace($0, other) }
    } else {
      requireDistinctElements(operation.name)
      storage.markWritten(by: operation.name)
      Tensor.zip(operation, self, other.apart(from: self), into: self)
    }
  }

  /// Replaces this tensor by `kernel(self; p)`; `outOfPlace` is the operation that records.
  private func form(
    _ name: StaticString, _ kernel: UnaryKernel, _ p: Float, _ outOfPlace: (Tensor) -> Tensor
  ) {
    requireRoom(for: dtype.isFloatingPoint ? dtype : .float32, name)
    if isGradientEnabled, node != nil {
      form(name, outOfPlace)
    } else {
      requireDistinctElements(name)
      storage.markWritten(by: name)
      map(kernel, p: p, into: self)
    }
  }

  /// Replaces this tensor's values and its place in the graph by those of `compute(self)`.
  ///
  /// - Parameter keepsInput: whether gradients of `compute` need the value that is overwritten; they get a copy.
  package func form(
    _ name: StaticString, keepsInput: Bool = false, _ compute: (Tensor) -> Tensor
  ) {
    requireDistinctElements(name)
    let isRecording = isGradientEnabled && node != nil
    requireReplaceable(name, isRecorded: isRecording)
    let computed = compute(keepsInput && isGradientEnabled ? copyInGraph() : self)
    requireRoom(for: computed.dtype, name)
    let result = computed.converted(to: dtype)
    let isRecorded = isGradientEnabled && result.node != nil
    requireReplaceable(name, isRecorded: isRecorded)
    storage.markWritten(by: name, isRecorded: isRecording || isRecorded)
    assign(elementsOf: result)
    guard isGradientEnabled else { return }
    let before = node
    node = result.node
    keepRetaining(since: before)
  }

  /// Stops if this tensor cannot stand for the result of `name`, which is part of a graph where
  /// `isRecorded`.
  func requireReplaceable(_ name: StaticString, isRecorded: Bool) {
    guard isRecorded else { return }
    check(
      !(node is Leaf),
      """
      \(name) in place: this tensor is a leaf that requires a gradient; change it under noGrad, or \
      compute a new tensor
      """)
    check(
      !isView,
      """
      \(name) in place: this tensor is a view, and the gradient of what it views would be lost; assign \
      to a part, as in x[0] = x[0] + 1, or compute a new tensor
      """)
  }

  /// A copy of the values with this tensor's place in the graph.
  private func copyInGraph() -> Tensor {
    requireCurrentView()
    let copy = Tensor(uninitialized: shape, dtype)
    copy.assign(elementsOf: self)
    copy.node = node
    return copy
  }

  /// Stops unless a result of type `result` may be written here: floats into floats, integers into
  /// integers or floats, Booleans anywhere.
  private func requireRoom(for result: DType, _ name: StaticString) {
    check(
      result.kind <= dtype.kind,
      """
      \(name) in place: a tensor of \(dtype) cannot hold the \(result) result; compute a new tensor \
      instead
      """)
  }

  /// Stops where one place in memory stands for several elements.
  func requireDistinctElements(_ name: StaticString) {
    check(
      isContiguous || !(0..<axisCount).contains { strides[$0] == 0 && shape[$0] > 1 },
      """
      \(name) in place: elements of this expanded tensor of shape \(shape) share memory; change what \
      it views
      """)
  }

  /// Adds `other`, which must broadcast to this shape, in place and outside the graph.
  package func add(inPlace other: Tensor) {
    storage.markWritten(by: "add")
    Tensor.zip(.add, self, other.apart(from: self), into: self)
  }

  /// This tensor, or a copy if writing to `target`, which it broadcasts to, changed elements of it
  /// that are still to be read.
  func apart(from target: Tensor) -> Tensor {
    guard storage === target.storage, extent.overlaps(target.extent),
      offset != target.offset || strides(broadcastTo: target.shape) != target.strides
    else { return self }
    let copy = Tensor(uninitialized: shape, dtype)
    copy.assign(elementsOf: self)
    return copy
  }

  /// Where the first and the last element in memory are, counted from the start of the storage.
  private var extent: Range<Int> {
    if count == 0 { return offset..<offset }
    var (first, last) = (offset, offset)
    for axis in 0..<axisCount {
      let reach = (shape[axis] - 1) * strides[axis]
      if reach < 0 { first += reach } else { last += reach }
    }
    return first..<(last + 1)
  }
}
