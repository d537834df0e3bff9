import Diagnostics
import Elements
import Kernels
import Parallel

/// The matrix product of the last two axes of `a` `[..., m, k]` and `b` `[..., k, n]`: `[..., m,
/// n]`.
///
/// The axes before them broadcast. A vector counts as a row on the left and as a column on the
/// right, and the axis added for that is removed again: two vectors give a scalar. Transposed views
/// are multiplied as they lie.
///
/// Stops unless the inner dimensions k are equal, for scalars, and for integers.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor {
  if let cast = Autocast("matmul") { return cast.run { matmul(cast(a), cast(b)) } }
  check(
    a.axisCount > 0 && b.axisCount > 0,
    "matmul: \(a.shape) x \(b.shape): a scalar is no matrix; use *")
  if a.axisCount == 1, b.axisCount == 1 {
    return matmul(a.unsqueezed(0), b.unsqueezed(1), as: (a.shape, b.shape)).reshaped([])
  }
  if a.axisCount == 1 {
    return matmul(a.unsqueezed(0), b, as: (a.shape, b.shape)).squeezed(-2)
  }
  if b.axisCount == 1 {
    return matmul(a, b.unsqueezed(1), as: (a.shape, b.shape)).squeezed(-1)
  }
  return matmul(a, b, as: (a.shape, b.shape))
}

/// `shapes` are those of the operands as the caller gave them, for messages.
private func matmul(_ a: Tensor, _ b: Tensor, as shapes: (Shape, Shape)) -> Tensor {
  a.requireFloat("matmul")
  b.requireFloat("matmul")
  let (inner, other) = (a.shape[a.axisCount - 1], b.shape[b.axisCount - 2])
  check(
    inner == other,
    "matmul: \(shapes.0) x \(shapes.1): inner dimensions \(inner) and \(other) differ")
  if b.axisCount == 2, a.axisCount > 2, a.isContiguous {
    // The same matrix for all: one large product instead of many small ones.
    var shape = a.shape
    shape[a.axisCount - 1] = b.shape[1]
    let rows = a.reshaped([a.shape.dropLast().reduce(1, *), inner])
    return matmul(rows, b, as: shapes).reshaped(shape)
  }
  var shape = broadcast(Shape(a.shape.dropLast(2)), Shape(b.shape.dropLast(2)), "matmul")
  shape.append(a.shape[a.axisCount - 2])
  shape.append(b.shape[b.axisCount - 1])
  let result = Tensor(uninitialized: shape, Tensor.promotedType(a, b))
  multiply(a, b, into: result)
  return result.recorded(
    "matmul",
    a.matmulEdge(result) { [b = Saved(b)] gradient, target, accumulating in
      multiply(gradient, b.value.transposed(), into: target, accumulating: accumulating)
    },
    b.matmulEdge(result) { [a = Saved(a)] gradient, target, accumulating in
      multiply(a.value.transposed(), gradient, into: target, accumulating: accumulating)
    })
}

extension Tensor {
  /// The edge to an operand of `result`: straight into its gradient, or where the operand was
  /// broadcast through a tensor of the full shape, which the engine sums.
  fileprivate func matmulEdge(
    _ result: Tensor, _ compute: @escaping (Tensor, Tensor, Bool) -> Void
  ) -> Edge? {
    var full = Shape(result.shape.dropLast(2))
    full.append(shape[axisCount - 2])
    full.append(shape[axisCount - 1])
    if full == shape { return edge(into: compute) }
    return edge { gradient in
      let target = Tensor(uninitialized: full)  // float32: only the sum is rounded
      compute(gradient, target, false)
      return target
    }
  }
}

/// `target (+)= a b`, or `target = a b + row`, for matrices of any layout and type of floats, whose
/// leading axes broadcast to those of `target`, which is contiguous; `row` is a vector. Outside the
/// graph.
package func multiply(
  _ a: Tensor, _ b: Tensor, into target: Tensor, accumulating: Bool = false, row: Tensor? = nil
) {
  let (a, b, row) = (a.withDenseRows(), b.withDenseRows(), row?.wideValues)
  let batch = Shape(target.shape.dropLast(2))
  let (m, k, n) = (a.shape[a.axisCount - 2], a.shape[a.axisCount - 1], b.shape[b.axisCount - 1])
  let (x, y) = (a.matrixView, b.matrixView)
  let z = ElementView(target.address(), target.dtype, rowStride: n)
  let rowPointer = row.map { UnsafePointer($0.pointer(Float.self)) }
  if accumulating { target.storage.markWritten(by: "matmul") }
  if batch.elementCount == 1 {
    gemm(m: m, n: n, k: k, x, y, into: z, accumulate: accumulating, row: rowPointer)
  } else {
    let (aStrides, bStrides) = (a.batchStrides(batch), b.batchStrides(batch))
    parallelItems(batch.elementCount, cost: m * n * k, grain: 100_000) { range in
      for index in range {
        let (i, j) = (offset(index, batch, aStrides), offset(index, batch, bStrides))
        gemm(
          m: m, n: n, k: k, x.advanced(by: i), y.advanced(by: j),
          into: z.advanced(by: index * m * n), accumulate: accumulating, row: rowPointer)
      }
    }
  }
  withExtendedLifetime((a, b, row)) {}
}

extension Tensor {
  /// This tensor, or a contiguous copy where neither axis of the matrices is dense.
  func withDenseRows() -> Tensor {
    let (rows, columns) = (axisCount - 2, axisCount - 1)
    func isDense(_ inner: Int, _ outer: Int) -> Bool {
      (strides[inner] == 1 || shape[inner] == 1)
        && (strides[outer] >= Swift.max(1, shape[inner]) || shape[outer] == 1)
    }
    return isDense(columns, rows) || isDense(rows, columns) ? self : contiguousValues()
  }

  /// The first matrix, as the kernel takes it.
  var matrixView: ElementView {
    let (rows, columns) = (shape[axisCount - 2], shape[axisCount - 1])
    let (outer, inner) = (strides[axisCount - 2], strides[axisCount - 1])
    if inner == 1 || columns == 1, outer >= Swift.max(1, columns) || rows == 1 {
      return ElementView(
        matrix: address(), dtype, leading: rows == 1 ? Swift.max(1, columns) : outer)
    }
    return ElementView(
      matrix: address(), dtype, leading: columns == 1 ? Swift.max(1, rows) : inner,
      isTransposed: true)
  }
}
