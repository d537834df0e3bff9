import CKernels
import Diagnostics
import Kernels

/// How the losses of a batch become one value.
public enum LossReduction: Sendable {
  /// The mean over the samples; NaN for an empty batch.
  case mean
  /// The sum over the samples.
  case sum
  /// No reduction: one loss per sample.
  case none
}

/// The negative logarithm of the probability that softmax gives to the right class.
///
/// - Parameters:
///   - logits: `[samples, classes]`.
///   - targets: class indices `[samples]`, int32 or int64. Stops where one is outside 0 ..< classes.
public func crossEntropy(
  _ logits: Tensor, _ targets: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  logits.requireFloat("crossEntropy")
  if logits.dtype == .float16 {
    return logits.inFloat32 { crossEntropy($0, targets, reduction: reduction) }
  }
  check(
    logits.rank == 2 && targets.shape == [logits.shape[0]],
    """
    crossEntropy: logits \(logits.shape) and targets \(targets.shape): expected [samples, classes] \
    and [samples]
    """)
  check(
    !targets.dtype.isFloatingPoint,
    "crossEntropy: targets of type \(targets.dtype); expected class indices (int32 or int64)")
  let (rows, classes) = (logits.shape[0], logits.shape[1])
  let values = logits.contiguousValues()
  requireClasses(targets, classes)
  let labels = targets.converted(to: .int32).contiguousValues()
  let normaliser = Tensor(uninitialized: [rows])
  let losses = Tensor(uninitialized: [rows])
  lk_cross_entropy_rows(
    rows, classes, values.pointer(Float.self), labels.pointer(Int32.self),
    normaliser.pointer(Float.self), losses.pointer(Float.self))
  let perSample = losses.recorded(
    "crossEntropy",
    [
      logits.edge { [values = Saved(values), labels = Saved(labels), normaliser] gradient in
        let result = Tensor(uninitialized: [rows, classes])
        lk_cross_entropy_gradient_rows(
          rows, classes, values.value.pointer(Float.self), labels.value.pointer(Int32.self),
          normaliser.pointer(Float.self), gradient.pointer(Float.self), gradient.strides[0],
          result.pointer(Float.self))
        return result
      }
    ])
  return perSample.reduced(by: reduction)
}

/// The squared difference of `input` and `target`, whose shapes broadcast.
public func mseLoss(
  _ input: Tensor, _ target: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  (input - target).squared().reduced(by: reduction)
}

extension Tensor {
  fileprivate func reduced(by reduction: LossReduction) -> Tensor {
    switch reduction {
    case .mean: mean()
    case .sum: sum()
    case .none: self
    }
  }
}

private func requireClasses(_ targets: Tensor, _ classes: Int) {
  for (index, target) in targets.array(of: Int64.self).enumerated()
  where target < 0 || target >= classes {
    stop("crossEntropy: target \(target) at index \(index) is outside 0 ..< \(classes)")
  }
}
