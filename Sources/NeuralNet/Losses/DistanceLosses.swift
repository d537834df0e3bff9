import Diagnostics
public import TensorCore

/// `mseLoss` as a module: the squared difference.
public final class MSELoss: Module {
  private let reduction: LossReduction

  /// The losses of a batch become one value by `reduction`.
  public init(reduction: LossReduction = .mean) { self.reduction = reduction }

  /// The loss of `input` for `target`, which has the same shape: a scalar unless losses are not
  /// reduced.
  public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor {
    mseLoss(input, target, reduction: reduction)
  }
}

/// `l1Loss` as a module: the absolute difference.
public final class L1Loss: Module {
  private let reduction: LossReduction

  /// The losses of a batch become one value by `reduction`.
  public init(reduction: LossReduction = .mean) { self.reduction = reduction }

  /// The loss of `input` for `target`, which has the same shape: a scalar unless losses are not
  /// reduced.
  public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor {
    l1Loss(input, target, reduction: reduction)
  }
}

/// `smoothL1Loss` as a module: squared near zero, absolute beyond.
public final class SmoothL1Loss: Module {
  private let beta: Float
  private let reduction: LossReduction

  /// Squared up to a difference of `beta`. Stops where that is negative or NaN.
  public init(beta: Float = 1, reduction: LossReduction = .mean) {
    check(beta >= 0, "SmoothL1Loss: beta \(beta) is negative or not a number")
    (self.beta, self.reduction) = (beta, reduction)
  }

  /// The loss of `input` for `target`, which has the same shape: a scalar unless losses are not
  /// reduced.
  public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor {
    smoothL1Loss(input, target, beta: beta, reduction: reduction)
  }
}

/// `huberLoss` as a module: squared near zero, absolute beyond.
public final class HuberLoss: Module {
  private let delta: Float
  private let reduction: LossReduction

  /// Squared up to a difference of `delta`. Stops unless that is positive.
  public init(delta: Float = 1, reduction: LossReduction = .mean) {
    check(delta > 0, "HuberLoss: delta \(delta) is not positive")
    (self.delta, self.reduction) = (delta, reduction)
  }

  /// The loss of `input` for `target`, which has the same shape: a scalar unless losses are not
  /// reduced.
  public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor {
    huberLoss(input, target, delta: delta, reduction: reduction)
  }
}
