import Diagnostics

/// How the gradient that a leaf holds relates to that of the loss: a loss may be scaled up before a
/// backward pass, so that small gradients do not vanish in Float16.
package enum GradientScale: Equatable {
  /// There is none, or it came from other ranks.
  case unknown
  /// It is the gradient of the loss times this; 1 where nothing is scaled.
  case ofLoss(times: Float)
  /// Multiplied by this, it is the gradient of the loss: of one in Float16, which would lose its
  /// small values if it were multiplied in memory.
  case settled(factor: Float)
}

extension Leaf {
  /// Stops unless a pass whose loss is scaled by `scale` may add to the gradient.
  func requireAddable(_ scale: Float) {
    check(
      replacement == nil,
      """
      backward: a parameter of shape \(shape) was converted to \(replacement ?? dtype) after the loss \
      was computed from it; convert the model first
      """)
    guard gradient != nil else { return }
    switch gradientScale {
    case .unknown, .ofLoss(times: scale): break
    case .ofLoss(let other):
      stop(
        """
        backward: a loss scaled by \(scale) would add to gradients of one scaled by \(other); scale \
        all losses of a step, update the scale after it, and call zeroGrad() before the next
        """)
    case .settled:
      stop(
        """
        backward: a pass would add to gradients that a GradientScaler has unscaled; call zeroGrad() \
        after step()
        """)
    }
  }

  /// What the gradient is to be multiplied by in `operation`. Stops where it is that of a scaled
  /// loss, telling what to do instead.
  package func gradientFactor(for operation: StaticString, instead remedy: StaticString) -> Float {
    switch gradientScale {
    case .unknown, .ofLoss(times: 1): return 1
    case .settled(let factor): return factor
    case .ofLoss(let scale):
      stop(
        "\(operation): the gradients are those of a loss scaled by \(scale); call \(remedy)")
    }
  }
}
