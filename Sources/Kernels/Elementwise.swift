package import CKernels

/// An element-wise kernel of two operands; see `lk_binary`.
package typealias BinaryKernel = lk_binary
/// An element-wise kernel of one operand and two parameters; see `lk_unary`.
package typealias UnaryKernel = lk_unary

/// Where an operand of an element-wise kernel lies: a first element and the stride to the next, in elements.
package struct Run<Element> {
  /// The first element.
  package var pointer: UnsafeMutablePointer<Element>
  /// Elements from one to the next; 0 repeats the first.
  package var stride: Int

  /// A run that starts at `pointer`.
  package init(_ pointer: UnsafeMutablePointer<Element>, stride: Int) {
    self.pointer = pointer
    self.stride = stride
  }

  fileprivate func from(_ index: Int) -> UnsafeMutablePointer<Element> {
    pointer + index * stride
  }
}

/// Elements below which a second thread costs more than it brings.
private let elementwiseGrain = 16_384

/// `out[i] = kernel(a[i], b[i])` for `count` elements.
package func apply(
  _ kernel: BinaryKernel, count: Int, _ out: Run<Float>, _ a: Run<Float>, _ b: Run<Float>
) {
  parallelRanges(count, grain: elementwiseGrain) { range in
    kernel(
      range.count, out.from(range.lowerBound), out.stride, a.from(range.lowerBound), a.stride,
      b.from(range.lowerBound), b.stride)
  }
}

/// `out[i] = kernel(a[i]; p, q)` for `count` elements.
package func apply(
  _ kernel: UnaryKernel, count: Int, _ out: Run<Float>, _ a: Run<Float>, p: Float = 0,
  q: Float = 0
) {
  parallelRanges(count, grain: elementwiseGrain) { range in
    kernel(
      range.count, out.from(range.lowerBound), out.stride, a.from(range.lowerBound), a.stride, p, q)
  }
}
