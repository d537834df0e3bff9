public import Diagnostics
import Elements
import Kernels
import TensorCore

/// Why training with scaled losses cannot go on.
public enum GradientScalerError: ReportableError, Equatable {
  /// The scale was lowered to 1, and the gradient of `parameter` is still not finite.
  case collapsed(parameter: String, skippedSteps: Int)

  /// One sentence that names the parameter.
  public var description: String {
    switch self {
    case .collapsed(let parameter, let skippedSteps):
      """
      the gradient of \(parameter) is not finite, with a loss scale of 1 and after \(skippedSteps) \
      skipped steps; the training diverges: try a smaller learning rate, or float32
      """
    }
  }

  /// ``ExitCode/nonFinite``, status 79.
  public var exitCode: ExitCode { .nonFinite }
}

extension GradientScaler {
  /// What changes from step to step, to be saved with the optimiser's state.
  public var state: [String: Double] {
    [
      "scale": Double(lossScale), "growth_tracker": Double(growthTracker),
      "skipped_steps": Double(skippedSteps),
    ]
  }

  /// Goes on where the scaler stopped that `state` is of.
  ///
  /// - Throws: `OptimizerStateError` where keys are missing or unknown, or a value is impossible;
  ///   nothing is changed then.
  public func load(state: [String: Double]) throws {
    try OptimizerStateError.requireFit(state, of: "GradientScaler", like: self.state, mismatch)
    lossScale = state["scale"].map { Float($0) } ?? lossScale
    growthTracker = Int(state["growth_tracker"] ?? 0)
    skippedSteps = Int(state["skipped_steps"] ?? 0)
  }

  private func mismatch(_ key: String, _ value: Double) -> String? {
    if key == "scale" {
      let scale = Float(value)
      return Double(scale) == value && scale >= 1 && isPowerOfTwo(scale)
        && (isEnabled || scale == 1)
        ? nil : "scale is \(value) instead of \(isEnabled ? "a power of two" : "1")"
    }
    return Int(exactly: value).map { $0 >= 0 } == true
      ? nil : "\(key) is \(value) instead of a count"
  }
}

extension Leaf {
  /// Makes `gradient`, this leaf's, that of the loss: divides it, or if it is stored in a narrow
  /// type, notes that it has to be. Returns whether it is finite.
  func settle(_ gradient: Tensor, dividingBy scale: Float) -> Bool {
    if gradient.dtype.isNarrowFloat {
      gradientScale = .settled(factor: 1 / scale)
      return areFinite(count: gradient.count, gradient.address(), gradient.dtype)
    }
    gradientScale = .ofLoss(times: 1)
    gradient.storage.markWritten(by: "GradientScaler.unscale")
    return scaleFinite(count: gradient.count, gradient.pointer(), by: 1 / scale)
  }
}
