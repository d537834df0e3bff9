import Diagnostics
package import Kernels

// How element-wise operations run, whatever the layout of their operands. Outside the graph: operations add their
// gradients.

extension Tensor {
  /// A fresh tensor of `kernel` applied to every element; p and q are the kernel's parameters.
  package func map(
    _ kernel: UnaryKernel, p: Float = 0, q: Float = 0, _ operation: StaticString
  ) -> Tensor {
    requireFloat(operation)
    let result = Tensor(uninitialized: shape)
    let source = pointer(Float.self)
    let target = result.pointer(Float.self)
    if isContiguous {
      apply(kernel, count: count, Run(target, stride: 1), Run(source, stride: 1), p: p, q: q)
    } else {
      RunPlan<2>(shape, [result.strides, strides]).forEachRun { count, strides, offsets in
        apply(
          kernel, count: count, Run(target + offsets[0], stride: strides[0]),
          Run(source + offsets[1], stride: strides[1]), p: p, q: q)
      }
    }
    return result
  }

  /// A fresh tensor of `kernel` applied to pairs of elements, broadcast to one shape.
  package static func zip(
    _ kernel: BinaryKernel, _ a: Tensor, _ b: Tensor, _ operation: StaticString
  ) -> Tensor {
    let shape = broadcast(a.shape, b.shape, operation)
    let result = Tensor(uninitialized: shape)
    zip(kernel, a, b, into: result, operation)
    return result
  }

  /// `target = kernel(a, b)`; the operands broadcast to the shape of `target`, which may be `a` or `b` itself.
  package static func zip(
    _ kernel: BinaryKernel, _ a: Tensor, _ b: Tensor, into target: Tensor,
    _ operation: StaticString
  ) {
    a.requireFloat(operation)
    b.requireFloat(operation)
    let (x, y, z) = (a.pointer(Float.self), b.pointer(Float.self), target.pointer(Float.self))
    let shape = target.shape
    if a.shape == b.shape, a.shape == shape, a.isContiguous, b.isContiguous, target.isContiguous {
      apply(
        kernel, count: target.count, Run(z, stride: 1), Run(x, stride: 1), Run(y, stride: 1))
      return
    }
    let strides: InlineArray<3, Shape> = [
      target.strides, a.strides(broadcastTo: shape), b.strides(broadcastTo: shape),
    ]
    RunPlan<3>(shape, strides).forEachRun { count, strides, offsets in
      apply(
        kernel, count: count, Run(z + offsets[0], stride: strides[0]),
        Run(x + offsets[1], stride: strides[1]), Run(y + offsets[2], stride: strides[2]))
    }
  }

  @inline(__always)
  package func requireFloat(_ operation: StaticString) {
    check(
      dtype == .float32,
      "\(operation): a tensor of \(dtype); convert it with converted(to: .float32)")
  }
}
