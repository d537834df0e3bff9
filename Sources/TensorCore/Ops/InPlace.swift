import CKernels
import Diagnostics
import Kernels

// In-place twins. They write to the memory of the tensor, which all its views share, and take part in the graph: the
// tensor afterwards stands for the result. Where a gradient needs the overwritten value, `backward()` says so.

extension Tensor {
  /// Adds `b`, which must broadcast to this shape, to every element in place.
  public static func += (a: Tensor, b: Tensor) { a.form(.add, b) { $0 + $1 } }
  /// Subtracts `b` in place.
  public static func -= (a: Tensor, b: Tensor) { a.form(.subtract, b) { $0 - $1 } }
  /// Multiplies by `b` in place.
  public static func *= (a: Tensor, b: Tensor) { a.form(.multiply, b) { $0 * $1 } }
  /// Divides by `b` in place. Stops for integers.
  public static func /= (a: Tensor, b: Tensor) { a.form(.divide, b) { $0 / $1 } }
  /// Adds `b` in place.
  public static func += (a: Tensor, b: Float) { a += Tensor(b).converted(to: a.dtype) }
  /// Subtracts `b` in place.
  public static func -= (a: Tensor, b: Float) { a -= Tensor(b).converted(to: a.dtype) }
  /// Multiplies by `b` in place.
  public static func *= (a: Tensor, b: Float) { a *= Tensor(b).converted(to: a.dtype) }
  /// Divides by `b` in place. Stops for integers.
  public static func /= (a: Tensor, b: Float) { a /= Tensor(b).converted(to: a.dtype) }

  /// Limits every element to `lower ... upper` in place.
  public func clamp(from lower: Float? = nil, to upper: Float? = nil) {
    form("clamp") { $0.clamped(from: lower, to: upper) }
  }
  /// Negates every element in place.
  public func negate() { form("negate") { -$0 } }
  /// Replaces every element by its exponential.
  public func formExp() { form("formExp") { $0.exp() } }
  /// Replaces every element by its natural logarithm.
  public func formLog() { form("formLog") { $0.log() } }
  /// Replaces every element by its square root.
  public func formSquareRoot() { form("formSquareRoot") { $0.squareRoot() } }
  /// Replaces every element by its absolute value.
  public func formAbs() { form("formAbs") { $0.abs() } }
  /// Replaces every element by max(x, 0).
  public func formRelu() { form("formRelu") { relu($0) } }
  /// Replaces every element by its hyperbolic tangent.
  public func formTanh() { form("formTanh") { tanh($0) } }
  /// Replaces every element by 1 / (1 + exp(-x)).
  public func formSigmoid() { form("formSigmoid") { sigmoid($0) } }
  /// Overwrites all elements with 0.
  public func formZero() { form("formZero") { .zeros($0.shape, $0.dtype) } }

  /// Replaces this tensor by `operation(self, other)`; `outOfPlace` is the operation that records.
  private func form(
    _ operation: BinaryOperation, _ other: Tensor, _ outOfPlace: (Tensor, Tensor) -> Tensor
  ) {
    check(
      broadcast(shape, other.shape, operation.name) == shape,
      "\(operation.name) in place: shape \(other.shape) does not broadcast to \(shape)")
    check(
      !other.dtype.isFloatingPoint || dtype.isFloatingPoint,
      "\(operation.name) in place: a tensor of \(dtype) cannot hold the \(other.dtype) result")
    check(
      operation.result != .float || dtype.isFloatingPoint,
      "\(operation.name) in place: a tensor of \(dtype) cannot hold a fraction")
    if isGradientEnabled, node != nil || other.node != nil {
      form(operation.name) { outOfPlace($0, other) }
    } else {
      storage.markWritten(by: operation.name)
      Tensor.zip(operation, self, other, into: self)
    }
  }

  /// Replaces this tensor's values and its place in the graph by those of `compute(self)`.
  package func form(_ name: StaticString, _ compute: (Tensor) -> Tensor) {
    let isRecording = isGradientEnabled && node != nil
    check(
      !(isRecording && node is Leaf),
      """
      \(name) in place: this tensor is a leaf that requires a gradient; change it under noGrad, or \
      compute a new tensor
      """)
    let result = compute(self)
    let isRecorded = isGradientEnabled && result.node != nil
    check(
      !(isView && (isRecording || isRecorded)),
      """
      \(name) in place: this tensor is a view, and the gradient of what it views would be lost; \
      compute a new tensor instead
      """)
    storage.markWritten(by: name, isRecorded: isRecording || isRecorded)
    assign(elementsOf: result)
    if isGradientEnabled { node = result.node }
  }

  /// Adds `other`, which must broadcast to this shape, in place and outside the graph.
  package func add(inPlace other: Tensor) {
    storage.markWritten(by: "add")
    Tensor.zip(.add, self, other, into: self)
  }
}
