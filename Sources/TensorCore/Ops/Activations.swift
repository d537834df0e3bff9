import CKernels

/// max(x, 0) of every element; the gradient at 0 is 0.
public func relu(_ x: Tensor) -> Tensor {
  let y = x.map(lk_relu, "relu")
  return y.recorded(
    "relu",
    [
      x.edge { [y = Saved(y)] gradient in
        Tensor.zip(lk_relu_gradient, gradient, y.value, "relu")
      }
    ])
}

/// The hyperbolic tangent of every element.
public func tanh(_ x: Tensor) -> Tensor {
  let y = x.map(lk_tanh, "tanh")
  return y.recorded(
    "tanh",
    [
      x.edge { [y = Saved(y)] gradient in
        Tensor.zip(lk_tanh_gradient, gradient, y.value, "tanh")
      }
    ])
}

/// 1 / (1 + exp(-x)) of every element.
public func sigmoid(_ x: Tensor) -> Tensor {
  let y = x.map(lk_sigmoid, "sigmoid")
  return y.recorded(
    "sigmoid",
    [
      x.edge { [y = Saved(y)] gradient in
        Tensor.zip(lk_sigmoid_gradient, gradient, y.value, "sigmoid")
      }
    ])
}
