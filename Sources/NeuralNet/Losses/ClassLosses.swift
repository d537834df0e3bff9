import Diagnostics
public import TensorCore

/// `crossEntropy` as a module: of logits `[samples, classes, …]` and classes, or their
/// probabilities.
public final class CrossEntropyLoss: Module {
  /// What each class weighs, `[classes]`, a buffer; or nil.
  public let weight: Tensor?
  private let ignoreIndex: Int
  private let labelSmoothing: Float
  private let reduction: LossReduction

  /// The loss with these options; classes weigh the same without `weight`.
  ///
  /// - Parameters:
  ///   - ignoreIndex: Targets of this value cost nothing.
  ///   - labelSmoothing: The fraction of each target that is spread evenly over the classes. Stops unless it is between 0
  ///     and 1.
  public init(
    weight: Tensor? = nil, ignoreIndex: Int = -100, labelSmoothing: Float = 0,
    reduction: LossReduction = .mean
  ) {
    check(
      labelSmoothing >= 0 && labelSmoothing <= 1,
      "CrossEntropyLoss: label smoothing \(labelSmoothing) is not between 0 and 1")
    requireClassWeight("CrossEntropyLoss", weight)
    (self.weight, self.ignoreIndex) = (weight, ignoreIndex)
    (self.labelSmoothing, self.reduction) = (labelSmoothing, reduction)
  }

  /// The loss of `logits` for `targets`, in the shapes of `crossEntropy`: a scalar unless losses
  /// are not reduced.
  public func callAsFunction(_ logits: Tensor, _ targets: Tensor) -> Tensor {
    crossEntropy(
      logits, targets, weight: weight, ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing,
      reduction: reduction)
  }
}

/// `nllLoss` as a module: of logarithms of probabilities and classes.
public final class NLLLoss: Module {
  /// What each class weighs, `[classes]`, a buffer; or nil.
  public let weight: Tensor?
  private let ignoreIndex: Int
  private let reduction: LossReduction

  /// Targets of the value `ignoreIndex` cost nothing.
  public init(
    weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: LossReduction = .mean
  ) {
    requireClassWeight("NLLLoss", weight)
    (self.weight, self.ignoreIndex, self.reduction) = (weight, ignoreIndex, reduction)
  }

  /// The loss of `input` for `targets`, in the shapes of `nllLoss`: a scalar unless losses are not
  /// reduced.
  public func callAsFunction(_ input: Tensor, _ targets: Tensor) -> Tensor {
    nllLoss(input, targets, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction)
  }
}

/// Stops unless `weight`, where given, has one number for each class.
private func requireClassWeight(_ name: StaticString, _ weight: Tensor?) {
  check(
    weight.map { $0.axisCount == 1 && $0.dtype.isFloatingPoint } ?? true,
    """
    \(name): a weight of \(weight?.dtype ?? .float32) and shape \(weight?.shape ?? []); expected a \
    float for each class
    """)
}

/// `binaryCrossEntropy` as a module: of probabilities and targets between 0 and 1.
public final class BCELoss: Module {
  /// What each loss is multiplied by, a buffer; or nil.
  public let weight: Tensor?
  private let reduction: LossReduction

  /// Losses are multiplied by `weight`, which broadcasts.
  public init(weight: Tensor? = nil, reduction: LossReduction = .mean) {
    (self.weight, self.reduction) = (weight, reduction)
  }

  /// The loss of `input` for `target`, which has the same shape: a scalar unless losses are not
  /// reduced.
  public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor {
    binaryCrossEntropy(input, target, weight: weight, reduction: reduction)
  }
}

/// `binaryCrossEntropyWithLogits` as a module: of logits and targets between 0 and 1.
public final class BCEWithLogitsLoss: Module {
  /// What a positive target weighs, a buffer; or nil.
  public let posWeight: Tensor?
  private let reduction: LossReduction

  /// Positive targets weigh `posWeight`, which broadcasts.
  public init(posWeight: Tensor? = nil, reduction: LossReduction = .mean) {
    (self.posWeight, self.reduction) = (posWeight, reduction)
  }

  /// The loss of `logits` for `target`, which has the same shape: a scalar unless losses are not
  /// reduced.
  public func callAsFunction(_ logits: Tensor, _ target: Tensor) -> Tensor {
    binaryCrossEntropyWithLogits(logits, target, posWeight: posWeight, reduction: reduction)
  }
}

/// `klDivergence` as a module: of logarithms of probabilities and probabilities.
public final class KLDivLoss: Module {
  private let logTarget: Bool
  private let reduction: LossReduction

  /// With `logTarget`, targets are logarithms of probabilities, too.
  public init(logTarget: Bool = false, reduction: LossReduction = .mean) {
    (self.logTarget, self.reduction) = (logTarget, reduction)
  }

  /// The loss of `input` for `target`, which has the same shape: a scalar unless losses are not
  /// reduced.
  public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor {
    klDivergence(input, target, logTarget: logTarget, reduction: reduction)
  }
}
