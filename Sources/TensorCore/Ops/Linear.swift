import CKernels
import Diagnostics
import Kernels

/// `x W^T + b`: x is `[..., in]`, `weight` `[out, in]`, `bias` `[out]` or absent; the result `[...,
/// out]`.
public func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
  if let cast = Autocast("linear") {
    return cast.run { linear(cast(x), cast(weight), cast(bias)) }
  }
  x.requireFloat("linear")
  weight.requireFloat("linear")
  bias?.requireFloat("linear")
  check(
    weight.rank == 2 && x.rank >= 1 && x.shape[x.rank - 1] == weight.shape[1],
    """
    linear: input \(x.shape) and weight \(weight.shape): the input's last size must be the weight's \
    second
    """)
  check(
    bias.map { $0.shape == [weight.shape[0]] } ?? true,
    "linear: bias \(bias?.shape ?? []) and weight \(weight.shape): there must be a bias per output")
  if x.dtype != .float32 || weight.dtype != .float32 || bias.map({ $0.dtype != .float32 }) ?? false
  {
    return linear(
      x.converted(to: .float32), weight.converted(to: .float32), bias?.converted(to: .float32)
    ).converted(to: Tensor.promotedType(x, weight))
  }
  if x.rank != 2 {
    var shape = x.shape
    shape[x.rank - 1] = weight.shape[0]
    return linear(x.reshaped([-1, weight.shape[1]]), weight, bias).reshaped(shape)
  }
  let result = Tensor(uninitialized: [x.shape[0], weight.shape[0]])
  if let bias { result.assign(elementsOf: bias) }
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
