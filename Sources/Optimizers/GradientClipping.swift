import Diagnostics
import Elements
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
  norm(of: finalGradients(parameters, "gradientNorm"), order)
}

/// Scales the gradients of `parameters` so that their norm, taken over all of them together, is at
/// most `maximum`; returns the norm before.
///
/// PyTorch's `clip_grad_norm_`: all gradients are multiplied by maximum / (norm + 1e-6) where that
/// is below 1. Call it between `backward()` and `step()`. Parameters without a gradient are left
/// out. The norm is that of the gradients averaged over all ranks, so all ranks scale alike. Stops
/// where the gradients are those of a scaled loss: `GradientScaler.unscale` comes first.
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
  let gradients = finalGradients(parameters, "clipGradientNorm")
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
  if !(factor >= 1) { noGrad { for gradient in gradients { gradient.scale(by: factor) } } }
  return norm
}

/// Limits every element of the gradients of `parameters` to `-maximum ... maximum`; PyTorch's
/// `clip_grad_value_`.
public func clipGradientValues(_ parameters: [Tensor], maximum: Float) {
  check(maximum >= 0, "clipGradientValues: a maximum of \(maximum)")
  noGrad {
    for gradient in finalGradients(parameters, "clipGradientValues") {
      let limit = maximum / gradient.factor
      gradient.values.clamp(from: -limit, to: limit)
    }
  }
}

/// The gradient of a leaf, which is `values` times `factor`.
private struct FinalGradient {
  let leaf: Leaf
  let values: Tensor
  let factor: Float

  /// Multiplies it; where it is stored in a narrow type its factor only, because small values would
  /// be lost.
  func scale(by scale: Float) {
    if values.dtype.isNarrowFloat {
      leaf.gradientScale = .settled(factor: factor * scale)
    } else {
      values *= scale
    }
  }
}

/// The gradients of `parameters`, after those on their way between ranks have arrived.
private func finalGradients(
  _ parameters: [Tensor], _ operation: StaticString
) -> [FinalGradient] {
  completeGradients(of: parameters)
  return parameters.compactMap { parameter in
    guard let leaf = parameter.leaf, let gradient = leaf.gradient else { return nil }
    let factor = leaf.gradientFactor(
      for: operation, instead: "unscale(optimizer) of its GradientScaler before")
    return FinalGradient(leaf: leaf, values: gradient, factor: factor)
  }
}

private func norm(of gradients: [FinalGradient], _ order: Float) -> Float {
  check(
    [1, 2, .infinity].contains(order),
    "gradientNorm: there is no norm of order \(order); use 1, 2 or infinity")
  return noGrad {
    switch order {
    case 1: Float(gradients.reduce(0.0) { $0 + sum(of: $1) })
    case 2: Float(gradients.reduce(0.0) { $0 + squares(of: $1) }.squareRoot())
    default: gradients.map(largestMagnitude).reduce(0) { $0.isNaN || $0 > $1 ? $0 : $1 }
    }
  }
}

private func sum(of gradient: FinalGradient) -> Double {
  gradient.values.converted(to: .float32).abs().sum().item() * Double(gradient.factor)
}

/// The sum of the squares of the elements. A scaled Float16 gradient is unscaled before they are
/// taken, so that they do not overflow.
private func squares(of gradient: FinalGradient) -> Double {
  let wide = gradient.values.converted(to: .float32).contiguousValues()
  let values = gradient.factor == 1 ? wide : wide * gradient.factor
  return sumOfSquares(count: values.count, values.pointer())
}

private func largestMagnitude(_ gradient: FinalGradient) -> Float {
  gradient.values.count == 0 ? 0 : Float(gradient.values.abs().max().item()) * gradient.factor
}
