import Diagnostics
public import TensorCore

/// What `BatchNorm1d` and `BatchNorm2d` share: every channel is normalised over samples and
/// positions; see `batchNorm`.
///
/// In training with the batch's own statistics, which move the running ones; in evaluation with
/// those.
public class BatchNorm: Module, Layer {
  /// What every channel is multiplied by, `[channels]`; nil without `affine`.
  public let weight: Tensor?
  /// What is added to every channel, `[channels]`; nil without `affine`.
  public let bias: Tensor?
  /// The running mean, `[channels]`, a buffer; nil without running statistics.
  public let runningMean: Tensor?
  /// The running unbiased variance, `[channels]`, a buffer; nil without running statistics.
  public let runningVar: Tensor?
  /// How many batches were seen in training: an int64 scalar, a buffer; nil without running
  /// statistics.
  public let numBatchesTracked: Tensor?
  /// What makes the statistics those of all ranks' samples; nil: they are those of this rank's. See
  /// `synchronizeBatchNorm(over:)`.
  package var sumOverRanks: SumOverRanks?
  private let momentum: Float?
  private let epsilon: Float
  private let axisCounts: ClosedRange<Int>

  /// True: a converted model keeps the parameters of its norms in float32.
  public override var keepsFloat32: Bool { true }

  fileprivate init(
    _ channels: Int, _ epsilon: Float, _ momentum: Float?, _ affine: Bool, _ tracks: Bool,
    axisCounts: ClosedRange<Int>
  ) {
    weight = affine ? .ones([channels]).asParameter() : nil
    bias = affine ? .zeros([channels]).asParameter() : nil
    runningMean = tracks ? .zeros([channels]) : nil
    runningVar = tracks ? .ones([channels]) : nil
    numBatchesTracked = tracks ? Tensor(Int64(0)) : nil
    self.epsilon = epsilon
    self.momentum = momentum
    self.axisCounts = axisCounts
    super.init()
    let name = "\(type(of: self))"
    check(channels > 0, "\(name): \(channels) channels; it must be positive")
    requireEpsilon(name, epsilon)
    check(
      momentum.map { $0 >= 0 && $0 <= 1 } ?? true,
      "\(name): momentum \(momentum ?? 0) is not between 0 and 1")
  }

  /// `input`, normalised, in a new tensor of the same shape. Stops for another number of dimensions
  /// or channels, and in training for one value per channel.
  public func forward(_ input: Tensor) -> Tensor {
    check(
      axisCounts.contains(input.axisCount),
      "\(type(of: self)): an input of shape \(input.shape), which has \(input.axisCount) dimensions"
    )
    guard let runningMean, let runningVar, let numBatchesTracked else {
      return batchNorm(
        input, weight: weight, bias: bias, isTraining: true, epsilon: epsilon,
        sumOverRanks: sumOverRanks)
    }
    var fraction = momentum ?? 0
    if isTraining {
      let batches = numBatchesTracked.item() + 1
      numBatchesTracked.assign(Tensor(Int64(batches)))
      fraction = momentum ?? Float(1 / batches)
    }
    return batchNorm(
      input, weight: weight, bias: bias, runningMean: runningMean, runningVar: runningVar,
      isTraining: isTraining, momentum: fraction, epsilon: epsilon, sumOverRanks: sumOverRanks)
  }
}

/// Batch normalisation of `[samples, channels]` or `[samples, channels, length]`.
public final class BatchNorm1d: BatchNorm {
  /// Stops unless `epsilon` is positive and `momentum` between 0 and 1.
  ///
  /// - Parameters:
  ///   - momentum: The share of each batch in the running statistics; with nil all batches count
  ///     the same.
  ///   - affine: Whether every channel is scaled and shifted by parameters, at first 1 and 0.
  ///   - trackRunningStats: Whether there are running statistics; without them, evaluation too uses those of the batch.
  public init(
    _ channels: Int, epsilon: Float = 1e-5, momentum: Float? = 0.1, affine: Bool = true,
    trackRunningStats: Bool = true
  ) {
    super.init(channels, epsilon, momentum, affine, trackRunningStats, axisCounts: 2...3)
  }
}

/// Batch normalisation of images `[samples, channels, height, width]`.
public final class BatchNorm2d: BatchNorm {
  /// Stops unless `epsilon` is positive and `momentum` between 0 and 1.
  ///
  /// - Parameters:
  ///   - momentum: The share of each batch in the running statistics; with nil all batches count
  ///     the same.
  ///   - affine: Whether every channel is scaled and shifted by parameters, at first 1 and 0.
  ///   - trackRunningStats: Whether there are running statistics; without them, evaluation too uses those of the batch.
  public init(
    _ channels: Int, epsilon: Float = 1e-5, momentum: Float? = 0.1, affine: Bool = true,
    trackRunningStats: Bool = true
  ) {
    super.init(channels, epsilon, momentum, affine, trackRunningStats, axisCounts: 4...4)
  }
}
