import CKernels
import Diagnostics
import Kernels

/// The matrix product of `a` `[m, k]` and `b` `[k, n]`: `[m, n]`.
///
/// Transposed views are multiplied as they lie, without a copy.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor {
  a.requireFloat("matmul")
  b.requireFloat("matmul")
  check(
    a.rank == 2 && b.rank == 2,
    "matmul: \(a.shape) x \(b.shape): both operands must be matrices")
  check(
    a.shape[1] == b.shape[0],
    "matmul: \(a.shape) x \(b.shape): inner dimensions \(a.shape[1]) and \(b.shape[0]) differ")
  let result = Tensor(uninitialized: [a.shape[0], b.shape[1]])
  multiply(a, b, into: result)
  return result.recorded(
    "matmul",
    [
      a.edge(into: { [b = Saved(b)] gradient, target, accumulating in
        multiply(gradient, b.value.transposed(), into: target, accumulating: accumulating)
      }),
      b.edge(into: { [a = Saved(a)] gradient, target, accumulating in
        multiply(a.value.transposed(), gradient, into: target, accumulating: accumulating)
      }),
    ])
}

/// `x W^T + b`: x is `[..., in]`, `weight` `[out, in]`, `bias` `[out]` or absent; the result `[..., out]`.
public func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
  for operand in [x, weight, bias] { operand?.requireFloat("linear") }
  check(
    weight.rank == 2 && x.rank >= 1 && x.shape[x.rank - 1] == weight.shape[1],
    "linear: input \(x.shape) and weight \(weight.shape): the input's last size must be the weight's second"
  )
  check(
    bias.map { $0.shape == [weight.shape[0]] } ?? true,
    "linear: bias \(bias?.shape ?? []) and weight \(weight.shape): there must be a bias per output")
  if x.rank != 2 {
    var shape = x.shape
    shape[x.rank - 1] = weight.shape[0]
    return linear(x.reshaped([-1, weight.shape[1]]), weight, bias).reshaped(shape)
  }
  let result = Tensor(uninitialized: [x.shape[0], weight.shape[0]])
  if let bias { result.assign(bias) }
  multiply(x, weight.detach().transposed(), into: result, accumulating: bias != nil)
  return result.recorded(
    "linear",
    [
      x.edge(into: { [weight = Saved(weight)] gradient, target, accumulating in
        multiply(gradient, weight.value, into: target, accumulating: accumulating)
      }),
      weight.edge(into: { [x = Saved(x)] gradient, target, accumulating in
        multiply(gradient.transposed(), x.value, into: target, accumulating: accumulating)
      }),
      bias?.edge(into: { gradient, target, accumulating in
        let rows = gradient.contiguousValues()
        lk_sum_columns(
          rows.shape[0], rows.shape[1], rows.pointer(Float.self), rows.shape[1],
          target.pointer(Float.self), accumulating)
      }),
    ])
}

/// `target (+)= a b` for matrices of any layout; `target` is contiguous. Outside the graph.
private func multiply(
  _ a: Tensor, _ b: Tensor, into target: Tensor, accumulating: Bool = false
) {
  let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
  let (x, y) = (a.asMatrixOperand(), b.asMatrixOperand())
  if accumulating { target.storage.markWritten(by: "matmul") }
  gemm(
    m: m, n: n, k: k, x.operand, y.operand, into: target.pointer(Float.self), leading: n,
    accumulate: accumulating)
  withExtendedLifetime((x.owner, y.owner)) {}
}

extension Tensor {
  /// This matrix as BLAS takes it, copied only where neither dimension is dense.
  fileprivate func asMatrixOperand() -> (operand: MatrixOperand, owner: Tensor) {
    let (rows, columns) = (shape[0], shape[1])
    if strides[1] == 1 || columns == 1, strides[0] >= max(1, columns) || rows == 1 {
      let leading = rows == 1 ? max(1, columns) : strides[0]
      return (MatrixOperand(pointer(Float.self), leading: leading), self)
    }
    if strides[0] == 1 || rows == 1, strides[1] >= max(1, rows) || columns == 1 {
      let leading = columns == 1 ? max(1, rows) : strides[1]
      return (MatrixOperand(pointer(Float.self), leading: leading, isTransposed: true), self)
    }
    let copy = contiguousValues()
    return (MatrixOperand(copy.pointer(Float.self), leading: max(1, columns)), copy)
  }
}
