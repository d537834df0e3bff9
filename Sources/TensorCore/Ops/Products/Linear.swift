import Diagnostics

/// `x W^T + b`: x is `[..., in]`, `weight` `[out, in]`, `bias` `[out]` or absent; the result `[...,
/// out]`, of the common type of x and weight. A `weight` `[in]` gives one output without an axis, and
/// takes no bias. Stops where the shapes do not fit, and for integers.
public func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
  if let cast = Autocast("linear") {
    return cast.run { linear(cast(x), cast(weight), cast(bias)) }
  }
  x.requireFloat("linear")
  weight.requireFloat("linear")
  bias?.requireFloat("linear")
  if weight.axisCount == 1, x.axisCount >= 1 {
    check(
      bias == nil,
      "linear: a bias beside a weight of shape \(weight.shape); add it to the result")
    return linear(x, weight.unsqueezed(0)).squeezed(-1)
  }
  check(
    weight.axisCount == 2 && x.axisCount >= 1 && x.shape[x.axisCount - 1] == weight.shape[1],
    """
    linear: input \(x.shape) and weight \(weight.shape): the input's last size must be the weight's \
    second
    """)
  check(
    bias.map { $0.shape == [weight.shape[0]] } ?? true,
    "linear: bias \(bias?.shape ?? []) and weight \(weight.shape): there must be a bias per output")
  if x.axisCount != 2 {
    var shape = x.shape
    shape[x.axisCount - 1] = weight.shape[0]
    let rows = x.reshaped([x.shape.dropLast().reduce(1, *), weight.shape[1]])
    return linear(rows, weight, bias).reshaped(shape)
  }
  let result = Tensor(
    uninitialized: [x.shape[0], weight.shape[0]], Tensor.promotedType(x, weight))
  multiply(x, weight.detached().transposed(), into: result, row: bias)
  // The weight's gradient first: then x is free when memory for its gradient is taken.
  return result.recorded(
    "linear",
    [
      weight.edge(into: { [x = Saved(x)] gradient, target, accumulating in
        multiply(gradient.transposed(), x.value, into: target, accumulating: accumulating)
      }),
      bias?.edge(into: { gradient, target, accumulating in
        target.takeColumnSums(of: gradient, accumulating: accumulating)
      }),
      x.edge(into: { [weight = Saved(weight)] gradient, target, accumulating in
        multiply(gradient, weight.value, into: target, accumulating: accumulating)
      }),
    ])
}
