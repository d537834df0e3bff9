import Diagnostics
package import Elements
package import Kernels

// How element-wise operations run, whatever the layout and type of their operands. Outside the
// graph: operations add their gradients.

/// An element-wise operation of two operands.
package struct BinaryOperation: Sendable {
  /// What the type of the result is.
  enum ResultType {
    /// The common type of the operands.
    case promoted
    /// The common type, or float32 where that is no float.
    case float
    /// Boolean.
    case bool
  }

  let name: StaticString
  /// The kernel on floats.
  let kernel: BinaryKernel
  /// The function on integers; nil where they are computed as floats.
  let integer: (@Sendable (Int64, Int64) -> Int64)?
  let result: ResultType

  init(
    _ name: StaticString, _ kernel: BinaryKernel, result: ResultType = .promoted,
    integer: (@Sendable (Int64, Int64) -> Int64)? = nil
  ) {
    self.name = name
    self.kernel = kernel
    self.integer = integer
    self.result = result
  }

  func resultType(_ common: DType) -> DType {
    switch result {
    case .promoted: common
    case .float: common.isFloatingPoint ? common : .float32
    case .bool: .bool
    }
  }
}

extension Tensor {
  /// A fresh tensor of `kernel` applied to every element; p and q are the kernel's parameters.
  /// Integers are computed as floats, and give `result`, by default float32.
  package func map(
    _ kernel: UnaryKernel, p: Float = 0, q: Float = 0, to result: DType? = nil
  ) -> Tensor {
    let target = Tensor(
      uninitialized: shape, result ?? (dtype.isFloatingPoint ? dtype : .float32))
    map(kernel, p: p, q: q, into: target)
    return target
  }

  /// `target = kernel(self; p, q)`; `target` has this shape and may be `self`.
  package func map(_ kernel: UnaryKernel, p: Float = 0, q: Float = 0, into target: Tensor) {
    if isContiguous, target.isContiguous {
      return apply(kernel, count: count, target.view(), view(), p: p, q: q)
    }
    RunPlan<2>(shape, [target.strides, strides]).forEachRunInAnyOrder { count, strides, offsets in
      apply(
        kernel, count: count, target.view(from: offsets[0], strides[0]),
        view(from: offsets[1], strides[1]), p: p,
        q: q)
    }
  }

  /// A fresh tensor of `operation` applied to pairs of elements, broadcast to one shape.
  package static func zip(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor) -> Tensor {
    let target = Tensor(
      uninitialized: broadcast(a.shape, b.shape, operation.name),
      operation.resultType(promotedType(a, b)))
    zip(operation, a, b, into: target)
    return target
  }

  /// `target = operation(a, b)`; the operands broadcast to the shape of `target`, which may be `a`
  /// or `b` itself.
  package static func zip(
    _ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, into target: Tensor
  ) {
    let onIntegers = !a.dtype.isFloatingPoint && !b.dtype.isFloatingPoint
    if onIntegers, let function = operation.integer {
      forEachRun(target, a, b) { apply(function, count: $0, $1, $2, $3) }
    } else {
      zip(operation.kernel, a, b, into: target)
    }
  }

  /// `target = kernel(a, b)`, computed in float32.
  package static func zip(_ kernel: BinaryKernel, _ a: Tensor, _ b: Tensor, into target: Tensor) {
    forEachRun(target, a, b) { apply(kernel, count: $0, $1, $2, $3) }
  }

  private static func forEachRun(
    _ target: Tensor, _ a: Tensor, _ b: Tensor,
    _ body: (Int, ElementView, ElementView, ElementView) -> Void
  ) {
    let shape = target.shape
    if a.shape == b.shape, a.shape == shape, a.isContiguous, b.isContiguous, target.isContiguous {
      return body(target.count, target.view(), a.view(), b.view())
    }
    let strides: InlineArray<3, Shape> = [
      target.strides, a.strides(broadcastTo: shape), b.strides(broadcastTo: shape),
    ]
    RunPlan<3>(shape, strides).forEachRunInAnyOrder { count, strides, offsets in
      body(
        count, target.view(from: offsets[0], strides[0]), a.view(from: offsets[1], strides[1]),
        b.view(from: offsets[2], strides[2]))
    }
  }

  /// Stops unless this tensor can take part in `operation`, which computes with floats.
  @inline(__always)
  package func requireFloat(_ operation: StaticString) {
    check(
      dtype.isFloatingPoint,
      "\(operation): a tensor of \(dtype); convert it with converted(to: .float32)")
  }
}
