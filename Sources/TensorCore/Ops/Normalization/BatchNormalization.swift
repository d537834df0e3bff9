import Diagnostics
import Elements
import Kernels

/// Batch normalisation of `[samples, channels]` or `[samples, channels, …]`: every channel is
/// normalised over samples and positions, then scaled by its `weight` and shifted by its `bias`.
///
/// With `sumOverRanks` a batch is that of all ranks: its statistics, and their share in the gradient,
/// are taken over the samples of all. Then all ranks must call this, and `backward()`, alike.
///
/// In training with the batch's own mean and biased variance; the running statistics, where given,
/// move towards the batch's mean and unbiased variance by the fraction `momentum`, in place. In
/// evaluation with the running statistics. All of these are `[channels]`. Stops in training where a
/// channel has a single value or `epsilon` is not positive, and in evaluation without running
/// statistics. Ioffe and Szegedy, 2015.
public func batchNorm(
  _ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, runningMean: Tensor? = nil,
  runningVar: Tensor? = nil, isTraining: Bool, momentum: Float = 0.1, epsilon: Float = 1e-5,
  sumOverRanks: SumOverRanks? = nil
) -> Tensor {
  x.requireFloat("batchNorm")
  check(
    x.axisCount >= 2, "batchNorm: an input of shape \(x.shape); expected [samples, channels, …]")
  let channels = x.shape[1]
  requirePerChannel(
    "batchNorm", channels,
    [
      ("weight", weight), ("bias", bias), ("runningMean", runningMean),
      ("runningVar", runningVar),
    ])
  check(
    isTraining ? epsilon > 0 && epsilon.isFinite : epsilon.isFinite,
    "batchNorm: epsilon \(epsilon) is not positive, or not finite")
  check(momentum.isFinite, "batchNorm: momentum \(momentum) is not finite")
  let size = x.shape[2...].reduce(1, *)
  var perChannel = Double(x.shape[0] * size)
  let layout = Channels(batch: x.shape[0], channels: channels, size: size)
  let values = x.contiguousValues()
  let (mean, scale) = (PerChannel(channels), PerChannel(channels))
  if isTraining {
    layout.moments(values.rows(size), mean: mean.pointer, variance: scale.pointer)
    if let sumOverRanks { perChannel = join(mean, scale, perChannel, channels, sumOverRanks) }
    check(
      perChannel > 1,
      "batchNorm: training needs more than one value per channel; the input is \(x.shape)")
    runningMean?.move(towards: { mean[$0] }, by: momentum)
    let correction = Float(perChannel / (perChannel - 1))
    runningVar?.move(towards: { scale[$0] * correction }, by: momentum)
  } else {
    guard let runningMean, let runningVar else {
      stop("batchNorm: evaluation needs runningMean and runningVar")
    }
    let (means, variances) = (runningMean.floats, runningVar.floats)
    for channel in 0..<channels {
      (mean[channel], scale[channel]) = (means[channel], variances[channel])
    }
  }
  for channel in 0..<channels { scale[channel] = 1 / (scale[channel] + epsilon).squareRoot() }
  let (w, b) = (weight?.floats, bias?.floats)
  let factor = PerChannel(channels) { scale[$0] * (w?[$0] ?? 1) }
  let shift = PerChannel(channels) { b?[$0] ?? 0 }
  let result = Tensor(uninitialized: x.shape, x.dtype)
  layout.affine(
    values.rows(size), mean: mean.pointer, factor: factor.pointer, shift: shift.pointer,
    into: result.rows(size, .write))
  let joint = JointGradient { [values = Saved(values), perChannel] gradient in
    let (g, x) = (gradient.contiguousValues(), values.value)
    let (sum, product) = (PerChannel(channels), PerChannel(channels))
    layout.products(
      g.rows(size), x.rows(size), mean: mean.pointer, sum: sum.pointer, product: product.pointer)
    let (ownSum, ownProduct) = (
      PerChannel(channels) { sum[$0] }, PerChannel(channels) { product[$0] }
    )
    if isTraining, let sumOverRanks {
      let all = sumOverRanks((0..<channels).flatMap { [Double(sum[$0]), Double(product[$0])] })
      for channel in 0..<channels {
        (sum[channel], product[channel]) = (Float(all[2 * channel]), Float(all[2 * channel + 1]))
      }
    }
    // With the batch's own statistics, what the channel's mean and scale take away.
    let share = isTraining ? -1 / Float(perChannel) : 0
    let slope = PerChannel(channels) { share * factor[$0] * product[$0] * scale[$0] * scale[$0] }
    let rest = PerChannel(channels) { share * factor[$0] * sum[$0] }
    let input = Tensor(uninitialized: g.shape, g.dtype)
    layout.gradient(
      g.rows(size), x.rows(size), mean: mean.pointer, p: factor.pointer, q: slope.pointer,
      r: rest.pointer, into: input.rows(size, .write))
    let dw = Tensor((0..<channels).map { ownProduct[$0] * scale[$0] })
    return [input, dw, Tensor((0..<channels).map { ownSum[$0] })]
  }
  return result.recorded(
    "batchNorm",
    [
      x.edge { joint.share(0, of: $0) }, weight?.edge { joint.share(1, of: $0) },
      bias?.edge { joint.share(2, of: $0) },
    ])
}

/// Adds up numbers, as many on each rank, over all ranks.
public typealias SumOverRanks = ([Double]) -> [Double]

/// Replaces the moments of `count` values per channel by those of all ranks' values; returns how many
/// these are.
private func join(
  _ mean: PerChannel, _ variance: PerChannel, _ count: Double, _ channels: Int,
  _ sumOverRanks: SumOverRanks
) -> Double {
  let own = (0..<channels).flatMap { channel -> [Double] in
    guard count > 0 else { return [0, 0] }
    let (mean, variance) = (Double(mean[channel]), Double(variance[channel]))
    return [count * mean, count * (variance + mean * mean)]
  }
  let all = sumOverRanks([count] + own)
  for channel in 0..<channels {
    let center = all[1 + 2 * channel] / all[0]
    mean[channel] = Float(center)
    variance[channel] = Float(max(0, all[2 + 2 * channel] / all[0] - center * center))
  }
  return all[0]
}

extension Tensor {
  /// Moves every value, in place, towards `value` of its index by the fraction `momentum`.
  fileprivate func move(towards value: (Int) -> Float, by momentum: Float) {
    let moved = floats.enumerated().map { (1 - momentum) * $1 + momentum * value($0) }
    assign(Tensor(moved))
  }
}
