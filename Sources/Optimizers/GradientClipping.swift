import Diagnostics
import Kernels
public import TensorCore

/// What `clipGradientNorm` does where the norm of the gradients is infinite or not a number.
public enum NonFiniteNorm: Sendable {
  /// Multiplies like any other, as PyTorch does: a norm that is NaN makes all gradients NaN, an
  /// infinite one makes them 0 or NaN. The next loss shows it.
  case propagate
  /// Leaves the gradients alone; the caller looks at the norm that is returned, and leaves the step
  /// out.
  case ignore
  /// Stops the program.
  case stop
}

/// The norm of all gradients of `parameters` together: (Σ |g|ᵖ)^(1/p), p being `order` 1, 2 or
/// `.infinity`; 0 where there is none.
///
/// PyTorch's `get_total_norm`. Parameters without a gradient are left out.
public func gradientNorm(_ parameters: [Tensor], order: Float = 2) -> Float {
  norm(of: finalGradients(parameters), order)
}

/// Scales the gradients of `parameters` so that their norm, taken over all of them together, is at
/// most `maximum`; returns the norm before.
///
/// PyTorch's `clip_grad_norm_`: all gradients are multiplied by maximum / (norm + 1e-6) where that
/// is below 1. Call it between `backward()` and `step()`. Parameters without a gradient are left
/// out. The norm is that of the gradients averaged over all ranks, so all ranks scale alike.
///
/// - Parameters:
///   - order: 2, 1, or `.infinity` for the largest magnitude.
///   - policy: what to do where the norm is not finite.
@discardableResult
public func clipGradientNorm(
  _ parameters: [Tensor], maximum: Float, order: Float = 2,
  ifNonFinite policy: NonFiniteNorm = .propagate
) -> Float {
  check(maximum >= 0, "clipGradientNorm: a maximum of \(maximum)")
  let gradients = finalGradients(parameters)
  let norm = norm(of: gradients, order)
  if !norm.isFinite {
    switch policy {
    case .propagate: break
    case .ignore: return norm
    case .stop:
      stop(
        """
        clipGradientNorm: the norm of the gradients is \(norm); lower the learning rate or look for \
        its origin with detectAnomaly
        """, status: .nonFinite)
    }
  }
  let factor = maximum / (norm + 1e-6)
  if !(factor >= 1) { noGrad { for gradient in gradients { gradient *= factor } } }
  return norm
}

/// Limits every element of the gradients of `parameters` to `-maximum ... maximum`; PyTorch's
/// `clip_grad_value_`.
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

private func norm(of gradients: [Tensor], _ order: Float) -> Float {
  check(
    [1, 2, .infinity].contains(order),
    "gradientNorm: there is no norm of order \(order); use 1, 2 or infinity")
  return noGrad {
    switch order {
    case 1: Float(gradients.reduce(0.0) { $0 + $1.abs().sum().item() })
    case 2: Float(gradients.reduce(0.0) { $0 + squares(of: $1) }.squareRoot())
    default: gradients.map(largestMagnitude).reduce(0) { $0.isNaN || $0 > $1 ? $0 : $1 }
    }
  }
}

/// The sum of the squares of the elements, without a tensor in between where that is possible.
private func squares(of gradient: Tensor) -> Double {
  guard gradient.dtype == .float32, gradient.isContiguous else {
    return gradient.squared().sum().item()
  }
  return sumOfSquares(count: gradient.count, gradient.pointer())
}

private func largestMagnitude(_ gradient: Tensor) -> Float {
  gradient.count == 0 ? 0 : Float(gradient.abs().max().item())
}
