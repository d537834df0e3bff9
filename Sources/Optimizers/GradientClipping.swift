import Diagnostics
public import TensorCore

/// Scales the gradients of `parameters` so that their norm, taken over all of them together, is at
/// most `maximum`; returns the norm before.
///
/// PyTorch's `clip_grad_norm_`: all gradients are multiplied by maximum / (norm + 1e-6) where that
/// is below 1. Call it between `backward()` and `step()`. Parameters without a gradient are left
/// out.
@discardableResult
public func clipGradientNorm(_ parameters: [Tensor], maximum: Float) -> Float {
  check(maximum >= 0, "clipGradientNorm: a maximum of \(maximum)")
  let gradients = finalGradients(parameters)
  let squares = gradients.reduce(0.0) { $0 + $1.squared().sum().item() }
  let norm = Float(squares.squareRoot())
  let factor = maximum / (norm + 1e-6)
  if factor < 1 { noGrad { for gradient in gradients { gradient *= factor } } }
  return norm
}

/// Limits every element of the gradients of `parameters` to `-maximum ... maximum`.
public func clipGradientValues(_ parameters: [Tensor], maximum: Float) {
  check(maximum >= 0, "clipGradientValues: a maximum of \(maximum)")
  noGrad {
    for gradient in finalGradients(parameters) { gradient.clamp(from: -maximum, to: maximum) }
  }
}

/// The gradients of `parameters`, after those on their way between ranks have arrived.
private func finalGradients(_ parameters: [Tensor]) -> [Tensor] {
  for parameter in parameters { parameter.leaf?.observer?.completeGradients() }
  return parameters.compactMap(\.grad)
}
