import CKernels
import Diagnostics
import Elements
import Kernels

extension Tensor {
  /// The `p`-norm of an order that has no loop of its own: (Σ |x|ᵖ)^(1/p); how many are not 0, for 0;
  /// the smallest magnitude, for -infinity. Stops for negative orders of nothing.
  func powerNorm(_ p: Float, _ axes: ReducedAxes) -> Tensor {
    if p < 0 { axes.requireElements("norm") }
    let magnitudes = detached().map(lk_abs, to: .float32)
    let y: Tensor
    switch p {
    case 0: y = magnitudes.map(lk_truth).folded(axes, .sum, then: Reduction<Float>.sum)
    case -.infinity: y = magnitudes.folded(axes, .smallest, then: Reduction<Float>.smallest)
    default:
      let powers = magnitudes.map(lk_power_scalar, p: p)
      y = powers.folded(axes, .sum, then: Reduction<Float>.sum)
      y.map(lk_power_scalar, p: 1 / p, into: y)
    }
    return y.converted(to: dtype).recorded(
      "norm",
      stepwiseEdge { [x = Saved(self), y = Saved(y)] gradient in
        x.value.wide.powerNormGradient(p, y.value, gradient, axes)
      })
  }

  /// The gradient of these elements; 0 at zeros, and where the norm is 0.
  private func powerNormGradient(
    _ p: Float, _ y: Tensor, _ gradient: Tensor, _ axes: ReducedAxes
  ) -> Tensor {
    switch p {
    case 0: return .zeros(shape)
    case -.infinity:
      return axes.shared(gradient, where: abs() .== y.reshaped(axes.kept)) * sign()
    default:
      let share = `where`(y .== 0, 0, gradient / y.map(lk_power_scalar, p: p - 1))
      let powers = `where`(self .== 0, 0, sign() * abs().map(lk_power_scalar, p: p - 1))
      return powers * share.reshaped(axes.kept)
    }
  }
}
