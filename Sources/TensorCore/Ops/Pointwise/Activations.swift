import CKernels
import Diagnostics
import Elements
import Kernels

// Activations consume their input: where it is a temporary, as in `relu(linear(x))`, the result, or
// what the gradient needs, takes its memory.

/// The result of an activation whose gradient is a kernel of the gradient and the result.
private func activation(
  _ name: StaticString, _ x: consuming Tensor, _ kernel: lk_unary,
  gradientFromResult gradientKernel: @escaping lk_binary
) -> Tensor {
  let y = x.dtype.isFloatingPoint ? Tensor.room(replacing: &x) : Tensor(uninitialized: x.shape)
  x.map(kernel, into: y)
  return y.recorded(
    name,
    x.edge(elementwise: { [y = Saved(y)] in Tensor.zip(gradientKernel, $0, y.value, into: $1) }))
}

/// The same for a gradient computed from the input.
private func activation(
  _ name: StaticString, _ x: Tensor, _ kernel: lk_unary,
  gradientFromInput gradientKernel: @escaping lk_binary
) -> Tensor {
  x.map(kernel).recorded(
    name,
    x.edge(elementwise: { [x = Saved(x)] in Tensor.zip(gradientKernel, $0, x.value, into: $1) }))
}

/// The same for a kernel that gives the derivative along with the result. Kept instead of the
/// input, it makes the gradient a product.
private func activation(
  _ name: StaticString, _ x: consuming Tensor, withSlope kernel: KernelWithSlope
) -> Tensor {
  x.requireFloat(name)
  let slope = x.isTracked ? Tensor.room(replacing: &x) : nil
  let y = slope == nil ? Tensor.room(replacing: &x) : Tensor(uninitialized: x.shape, x.dtype)
  let values = x.contiguousValues()
  apply(kernel, count: y.count, y.view(), slope: slope?.view(), values.view())
  guard let slope else { return y }
  return y.recorded(name, x.edge(elementwise: { Tensor.zip(.multiply, $0, slope, into: $1) }))
}

extension Tensor {
  /// Room for the result of an element-wise operation, of the shape and type of `operand`: its own
  /// memory where nobody else sees it, else new memory.
  fileprivate static func room(replacing operand: inout Tensor) -> Tensor {
    mayBeOverwritten(&operand)
      ? operand.arranged(as: operand.shape) : Tensor(uninitialized: operand.shape, operand.dtype)
  }
}

/// The same for an activation with parameters, whose derivative is a kernel of the input.
private func activation(
  _ name: StaticString, _ x: Tensor, _ kernel: lk_unary, p: Float = 0, q: Float = 0,
  slope: @escaping lk_unary
) -> Tensor {
  if let cast = Autocast(name) {
    return cast.run { activation(name, cast(x), kernel, p: p, q: q, slope: slope) }
  }
  return x.map(kernel, p: p, q: q).recorded(
    name, x.edge { [x = Saved(x)] in $0 * x.value.map(slope, p: p, q: q, to: .float32) })
}

/// max(x, 0) of every element; the gradient at 0 is 0. Integers stay integers.
public func relu(_ x: consuming Tensor) -> Tensor {
  guard x.dtype.isFloatingPoint else { return Tensor.maximum(x, x.scalar(0)) }
  return activation("relu", x, lk_relu, gradientFromResult: lk_relu_gradient)
}

/// The hyperbolic tangent of every element. Integers give float32.
public func tanh(_ x: consuming Tensor) -> Tensor {
  activation("tanh", x, lk_tanh, gradientFromResult: lk_tanh_gradient)
}

/// 1 / (1 + exp(-x)) of every element. Integers give float32.
public func sigmoid(_ x: consuming Tensor) -> Tensor {
  activation("sigmoid", x, lk_sigmoid, gradientFromResult: lk_sigmoid_gradient)
}

/// How `gelu` computes the normal distribution function.
public enum GELUApproximation: Sendable {
  /// Exactly, by the error function.
  case none
  /// By a hyperbolic tangent (Hendrycks and Gimpel, 2016).
  case tanh
}

/// x times the normal distribution function of x, for every element.
public func gelu(_ x: consuming Tensor, approximation: GELUApproximation = .none) -> Tensor {
  switch approximation {
  case .none: activation("gelu", x, withSlope: lk_gelu)
  case .tanh: activation("gelu", x, withSlope: lk_gelu_tanh)
  }
}

/// x * sigmoid(x) of every element.
public func silu(_ x: consuming Tensor) -> Tensor {
  activation("silu", x, withSlope: lk_silu)
}

/// log(sigmoid(x)) of every element, without overflow.
public func logSigmoid(_ x: Tensor) -> Tensor {
  activation("logSigmoid", x, lk_log_sigmoid, gradientFromInput: lk_log_sigmoid_gradient)
}

/// x where positive, and `negativeSlope` times x elsewhere.
public func leakyRelu(_ x: Tensor, negativeSlope: Float = 0.01) -> Tensor {
  activation("leakyRelu", x, lk_leaky_relu, p: negativeSlope, slope: lk_leaky_relu_slope)
}

/// x where positive, and alpha * (exp(x) - 1) elsewhere.
public func elu(_ x: Tensor, alpha: Float = 1) -> Tensor {
  activation("elu", x, lk_elu, p: alpha, slope: lk_elu_slope)
}

/// log(1 + exp(beta * x)) / beta of every element; x itself where beta * x is above `threshold`.
public func softplus(_ x: Tensor, beta: Float = 1, threshold: Float = 20) -> Tensor {
  activation("softplus", x, lk_softplus, p: beta, q: threshold, slope: lk_softplus_slope)
}

/// Every element limited to `minimum ... maximum`; no gradient flows at or beyond the limits.
///
/// Integers stay integers, and the limits lose their fractions. Stops unless `minimum` is at most
/// `maximum`, for Booleans, and for negative limits of unsigned integers.
public func hardtanh(_ x: Tensor, minimum: Float = -1, maximum: Float = 1) -> Tensor {
  check(
    minimum <= maximum,
    "hardtanh: the minimum \(minimum) is above the maximum \(maximum), or one is not a number")
  if !x.dtype.isFloatingPoint {
    check(x.dtype != .bool, "hardtanh: a tensor of bool; convert it to another type")
    for limit in [minimum, maximum] { x.dtype.requireRoom(for: Double(limit), "hardtanh") }
    return x.clamped(from: Int(minimum), to: Int(maximum))
  }
  return activation("hardtanh", x, lk_clamp, p: minimum, q: maximum, slope: lk_hardtanh_slope)
}

/// x / 6 + 1 / 2 limited to 0 ... 1, for every element.
public func hardsigmoid(_ x: Tensor) -> Tensor {
  activation("hardsigmoid", x, lk_hard_sigmoid, slope: lk_hard_sigmoid_slope)
}
