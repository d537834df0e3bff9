import Diagnostics
import Elements
import Kernels

/// Group normalisation of `[samples, channels, …]`: the channels are cut into `groups` of equal
/// size, and each group of each sample is normalised with its own mean and biased variance; then
/// every channel is scaled by its `weight` and shifted by its `bias`, both `[channels]`.
///
/// One group is layer normalisation over all but the first axis, one channel per group instance
/// normalisation. Stops unless `groups` divides the channels, and where a group holds nothing. Wu
/// and He, 2018.
public func groupNorm(
  _ x: Tensor, groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
) -> Tensor {
  if let cast = Autocast("groupNorm") {
    return cast.run {
      groupNorm(
        cast(x), groups: groups, weight: cast(weight), bias: cast(bias), epsilon: epsilon)
    }
  }
  x.requireFloat("groupNorm")
  check(
    x.axisCount >= 2, "groupNorm: an input of shape \(x.shape); expected [samples, channels, …]")
  check(epsilon.isFinite, "groupNorm: epsilon \(epsilon) is not finite")
  let (samples, channels) = (x.shape[0], x.shape[1])
  check(
    channels > 0 && x.shape[2...].allSatisfy { $0 > 0 },
    "groupNorm: the groups of an input of shape \(x.shape) hold nothing")
  check(
    groups > 0 && channels % groups == 0,
    "groupNorm: \(channels) channels cannot be cut into \(groups) groups of equal size")
  requirePerChannel("groupNorm", channels, [("weight", weight), ("bias", bias)])
  let size = x.shape[2...].reduce(1, *)
  let perGroup = channels / groups
  let planes = Channels(batch: 1, channels: samples * channels, size: size)
  let values = x.contiguousValues()
  let (means, scales) = groupMoments(values, samples * groups, perGroup * size, epsilon)
  // What a channel's plane is scaled by and shifted by: its group's moments, its own weight and
  // bias.
  let mean = PerChannel(samples * channels) { means[$0 / perGroup] }
  let (w, b) = (weight?.floats, bias?.floats)
  let factor = PerChannel(samples * channels) { scales[$0 / perGroup] * (w?[$0 % channels] ?? 1) }
  let shift = PerChannel(samples * channels) { b?[$0 % channels] ?? 0 }
  let result = Tensor(uninitialized: x.shape, x.dtype)
  planes.affine(
    values.rows(size), mean: mean.pointer, factor: factor.pointer, shift: shift.pointer,
    into: result.rows(size, .write))
  let joint = JointGradient { [values = Saved(values)] gradient in
    let (g, x) = (gradient.contiguousValues(), values.value)
    let (sum, product) = (PerChannel(samples * channels), PerChannel(samples * channels))
    planes.products(
      g.rows(size), x.rows(size), mean: mean.pointer, sum: sum.pointer, product: product.pointer)
    // The group's means of weight * gradient, and of that times the normalised input.
    let (slope, rest) = (PerChannel(samples * channels), PerChannel(samples * channels))
    for group in 0..<(samples * groups) {
      let members = (group * perGroup)..<((group + 1) * perGroup)
      let scale = scales[group]
      let share = 1 / Double(perGroup * size)
      let level = members.reduce(0) { $0 + Double(factor[$1] * sum[$1]) } * share
      let tilt = members.reduce(0) { $0 + Double(factor[$1] * product[$1]) } * share
      for member in members {
        (slope[member], rest[member]) = (-Float(tilt) * scale * scale, -Float(level))
      }
    }
    let share = Tensor(uninitialized: g.shape, g.dtype)
    planes.gradient(
      g.rows(size), x.rows(size), mean: mean.pointer, p: factor.pointer, q: slope.pointer,
      r: rest.pointer, into: share.rows(size, .write))
    var dw = [Double](repeating: 0, count: channels)
    var db = dw
    for plane in 0..<(samples * channels) {
      dw[plane % channels] += Double(product[plane] * scales[plane / perGroup])
      db[plane % channels] += Double(sum[plane])
    }
    return [share, Tensor(dw), Tensor(db)]
  }
  return result.recorded(
    "groupNorm",
    [
      x.edge { joint.share(0, of: $0) }, weight?.edge { joint.share(1, of: $0) },
      bias?.edge { joint.share(2, of: $0) },
    ])
}

/// The mean and 1 / sqrt(variance + epsilon) of each of `groups` runs of `size` values.
private func groupMoments(
  _ values: Tensor, _ groups: Int, _ size: Int, _ epsilon: Float
) -> (mean: PerChannel, scale: PerChannel) {
  let (mean, variance) = (PerChannel(groups), PerChannel(groups))
  Channels(batch: groups == 0 ? 0 : 1, channels: groups, size: size).moments(
    values.rows(size), mean: mean.pointer, variance: variance.pointer)
  for group in 0..<groups { variance[group] = 1 / (variance[group] + epsilon).squareRoot() }
  return (mean, variance)
}
