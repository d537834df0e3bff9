import CKernels
import Diagnostics
import Elements
import Kernels

/// How the losses of a batch become one value.
public enum LossReduction: Sendable {
  /// The mean over all losses, weighted where the loss has weights of classes; NaN of none.
  case mean
  /// The sum of all losses; 0 of none.
  case sum
  /// No reduction: every loss.
  case none
  /// The sum divided by the size of the first axis, as the divergence of distributions is defined.
  case batchMean

  /// What the sum of `losses` losses, the first axis of which has size `batch`, is divided by; nil:
  /// no reduction.
  func divisor(losses: Double, batch: Int) -> Double? {
    switch self {
    case .mean: losses
    case .sum: 1
    case .none: nil
    case .batchMean: Double(batch)
    }
  }

  /// Says of `loss`, which was reduced so from `count` losses whose mean divides by `divisor`, what
  /// it was divided by. A sum says nothing: it counts as a mean over samples.
  func mark(_ loss: Tensor, _ count: Int, divisor: Double, batch: Int) -> Tensor {
    switch self {
    case .mean: loss.averaging(count, dividedBy: divisor)
    case .batchMean: loss.averaging(batch, dividedBy: Double(batch))
    case .sum, .none: loss
    }
  }
}

// Every loss of pairs stops unless `input` and `target` have the same shape.

/// The squared difference of `input` and `target`, which have the same shape.
public func mseLoss(
  _ input: Tensor, _ target: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  pairLoss("mseLoss", .squared, input, target, reduction)
}

/// The absolute difference of `input` and `target`, which have the same shape; slope 0 where they
/// are equal.
public func l1Loss(
  _ input: Tensor, _ target: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  pairLoss("l1Loss", .absolute, input, target, reduction)
}

/// With d the difference of `input` and `target`, which have the same shape: d^2 / (2 beta) where |d|
/// < beta, else |d| - beta / 2.
///
/// `beta` 0 gives `l1Loss`; stops where it is negative or NaN. Girshick, "Fast R-CNN", 2015.
public func smoothL1Loss(
  _ input: Tensor, _ target: Tensor, beta: Float = 1, reduction: LossReduction = .mean
) -> Tensor {
  check(beta >= 0, "smoothL1Loss: beta \(beta) is negative or not a number")
  return pairLoss("smoothL1Loss", .smoothAbsolute, input, target, p: beta, reduction)
}

/// With d the difference of `input` and `target`, which have the same shape: d^2 / 2 where |d| <=
/// delta, else delta (|d| - delta / 2).
///
/// Stops unless `delta` is positive. Huber, 1964.
public func huberLoss(
  _ input: Tensor, _ target: Tensor, delta: Float = 1, reduction: LossReduction = .mean
) -> Tensor {
  check(delta > 0, "huberLoss: delta \(delta) is not positive")
  return pairLoss("huberLoss", .huber, input, target, p: delta, reduction)
}

/// -(t log x + (1 - t) log(1 - x)) for probabilities `input` x and targets t, of the same shape.
///
/// Logarithms are taken as at least -100, so that a wrong certainty has a finite loss. Stops where
/// an input or a target is outside 0 ... 1. Every loss is multiplied by its `weight`, which
/// broadcasts and gets no gradient; the mean divides by the number of losses all the same. From
/// logits use `binaryCrossEntropyWithLogits`, which is more precise.
public func binaryCrossEntropy(
  _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean
) -> Tensor {
  let name: StaticString = "binaryCrossEntropy"
  input.requireFloat(name)
  target.requireFloat(name)
  requirePairs(name, input.shape, target.shape)
  check(
    input.isWithinUnitInterval,
    "\(name): an input is not a probability between 0 and 1; logits go to "
      + "binaryCrossEntropyWithLogits")
  check(target.isWithinUnitInterval, "\(name): a target is not between 0 and 1")
  guard let weight else {
    return pairLoss(name, .binaryCrossEntropy, input, target, reduction)
  }
  requireWeight(name, "weight", weight.shape, losses: input.shape)
  let losses = pairLoss(name, .binaryCrossEntropy, input, target, .none)
  return (losses * weight.detached()).reduced(by: reduction)
}

/// -(w t log(s) + (1 - t) log(1 - s)) for s = sigmoid(`logits`) and targets t of the same shape,
/// computed without overflow.
///
/// - Parameter posWeight: w, what a positive target weighs; it broadcasts, for example `[classes]`, and gets no
///   gradient. 1 where absent.
public func binaryCrossEntropyWithLogits(
  _ logits: Tensor, _ target: Tensor, posWeight: Tensor? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  let name: StaticString = "binaryCrossEntropyWithLogits"
  guard let posWeight else {
    return pairLoss(name, .binaryCrossEntropyLogits, logits, target, reduction)
  }
  if let cast = Autocast(name) {
    return cast.run {
      binaryCrossEntropyWithLogits(
        cast(logits), cast(target), posWeight: posWeight, reduction: reduction)
    }
  }
  requirePairs(name, logits.shape, target.shape)
  requireWeight(name, "posWeight", posWeight.shape, losses: logits.shape)
  let weight = posWeight.detached()
  // log(1 - s) is log(sigmoid(-x)).
  let positive = target * weight * logSigmoid(logits)
  return -(positive + (1 - target) * logSigmoid(-logits)).reduced(by: reduction)
}

/// The Kullback-Leibler divergence t (log t - x) of every target t and `input` x, the logarithm of
/// a probability; of the same shape. 0 log 0 is 0.
///
/// - Parameters:
///   - logTarget: whether `target` holds logarithms of probabilities, too.
///   - reduction: `.batchMean` gives the divergence of distributions; the mean divides by the number of elements.
public func klDivergence(
  _ input: Tensor, _ target: Tensor, logTarget: Bool = false, reduction: LossReduction = .mean
) -> Tensor {
  pairLoss("klDivergence", logTarget ? .logDivergence : .divergence, input, target, reduction)
}

extension PairLossKernel {
  fileprivate static let squared = PairLossKernel(
    lk_squared_loss, sum: lk_squared_loss_sum, inputGradient: lk_squared_loss_gradient,
    targetGradient: lk_squared_loss_target_gradient)
  fileprivate static let absolute = PairLossKernel(
    lk_absolute_loss, sum: lk_absolute_loss_sum, inputGradient: lk_absolute_loss_gradient,
    targetGradient: lk_absolute_loss_target_gradient)
  fileprivate static let smoothAbsolute = PairLossKernel(
    lk_smooth_absolute_loss, sum: lk_smooth_absolute_loss_sum,
    inputGradient: lk_smooth_absolute_loss_gradient,
    targetGradient: lk_smooth_absolute_loss_target_gradient)
  fileprivate static let huber = PairLossKernel(
    lk_huber_loss, sum: lk_huber_loss_sum, inputGradient: lk_huber_loss_gradient,
    targetGradient: lk_huber_loss_target_gradient)
  fileprivate static let binaryCrossEntropy = PairLossKernel(
    lk_binary_cross_entropy_loss, sum: lk_binary_cross_entropy_loss_sum,
    inputGradient: lk_binary_cross_entropy_loss_gradient,
    targetGradient: lk_binary_cross_entropy_loss_target_gradient)
  fileprivate static let binaryCrossEntropyLogits = PairLossKernel(
    lk_binary_cross_entropy_logits_loss, sum: lk_binary_cross_entropy_logits_loss_sum,
    inputGradient: lk_binary_cross_entropy_logits_loss_gradient,
    targetGradient: lk_binary_cross_entropy_logits_loss_target_gradient)
  fileprivate static let divergence = PairLossKernel(
    lk_divergence_loss, sum: lk_divergence_loss_sum, inputGradient: lk_divergence_loss_gradient,
    targetGradient: lk_divergence_loss_target_gradient)
  fileprivate static let logDivergence = PairLossKernel(
    lk_log_divergence_loss, sum: lk_log_divergence_loss_sum,
    inputGradient: lk_log_divergence_loss_gradient,
    targetGradient: lk_log_divergence_loss_target_gradient)
}

private func pairLoss(
  _ name: StaticString, _ kernel: PairLossKernel, _ input: Tensor, _ target: Tensor, p: Float = 0,
  _ reduction: LossReduction
) -> Tensor {
  if let cast = Autocast(name) {
    return cast.run { pairLoss(name, kernel, cast(input), cast(target), p: p, reduction) }
  }
  input.requireFloat(name)
  target.requireFloat(name)
  requirePairs(name, input.shape, target.shape)
  let shape = input.shape
  let (x, y) = (input.contiguousValues(), target.contiguousValues())
  let divisor = reduction.divisor(losses: Double(x.count), batch: shape.first ?? 1)
  let dtype = Tensor.promotedType(input, target)
  let result: Tensor
  if let divisor {
    let sum = kernel.sum(x.count, x.rows(1), y.rows(1), p: p)
    result = Tensor(Float(sum / divisor)).converted(to: dtype)
  } else {
    result = Tensor(uninitialized: shape, dtype)
    kernel.values(x.count, x.rows(1), y.rows(1), p: p, into: result.rows(1, .write))
  }
  func edge(_ tensor: Tensor, ofTarget: Bool) -> Edge? {
    tensor.edge { [x = Saved(x), y = Saved(y)] gradient in
      let share = Tensor(uninitialized: shape, ofTarget ? y.value.dtype : x.value.dtype)
      let g = gradient.contiguousValues()
      kernel.gradient(
        share.count, ofTarget: ofTarget, g.rows(1), isOne: divisor != nil,
        factor: factorOfMean(divisor ?? 1), x.value.rows(1), y.value.rows(1), p: p,
        into: share.rows(1, .write))
      return share
    }
  }
  return reduction.mark(
    result.recorded(name, edge(input, ofTarget: false), edge(target, ofTarget: true)),
    x.count, divisor: Double(x.count), batch: shape.first ?? 1)
}

extension Tensor {
  /// Whether all values are from 0 to 1.
  fileprivate var isWithinUnitInterval: Bool {
    let values = detached().contiguousValues()
    var isWithin = true
    forEachRowBlock(0..<values.count, [values.rows(1)]) { _, count, at in
      if !lk_all_within(count, at[0], 0, 1) { isWithin = false }
    }
    return isWithin
  }

  func reduced(by reduction: LossReduction) -> Tensor {
    let batch = shape.first ?? 1
    let result =
      switch reduction {
      case .mean: mean()
      case .sum: sum()
      case .none: self
      case .batchMean: sum() / Float(batch)
      }
    return reduction.mark(result, count, divisor: Double(count), batch: batch)
  }
}
