import Diagnostics
import Glibc
public import TensorCore

/// Ways to fill a tensor with first values, in place and outside the graph; those of
/// `torch.nn.init`.
///
/// ```swift
/// model.apply { if let layer = $0 as? Linear { Initialization.xavierUniform(layer.weight) } }
/// ```
///
/// Fans are those of a weight `[outputs, inputs, …]`: inputs, or outputs, times the elements of a
/// kernel.
public enum Initialization {
  /// Which of a weight's fans keeps its variance.
  public enum Fan: Sendable {
    /// Inputs: the variance of the forward pass is kept.
    case `in`
    /// Outputs: that of the backward pass.
    case out
  }

  /// What follows a weight, and with it the factor by which the standard deviation grows.
  public enum Nonlinearity: Sendable {
    /// Nothing, or a sigmoid; the factor is 1.
    case linear
    /// A hyperbolic tangent; 5 / 3.
    case tanh
    /// A ReLU; √2.
    case relu
    /// A ReLU with a slope on the left; √(2 / (1 + slope²)).
    case leakyRelu(negativeSlope: Float = 0.01)
    /// A SELU; 3 / 4.
    case selu

    /// The factor by which the standard deviation of the weight grows.
    public var gain: Float {
      switch self {
      case .linear: 1
      case .tanh: 5 / 3
      case .relu: Float(2).squareRoot()
      case .leakyRelu(let slope): (2 / (1 + slope * slope)).squareRoot()
      case .selu: 0.75
      }
    }
  }

  /// Every element is `value`.
  public static func constant(_ tensor: Tensor, _ value: Float) {
    noGrad { tensor.fill(value) }
  }

  /// Uniform in `range`.
  public static func uniform(
    _ tensor: Tensor, in range: ClosedRange<Float> = 0...1, generator: Generator = .default
  ) {
    noGrad { tensor.assign(.uniform(tensor.shape, in: range, generator: generator)) }
  }

  /// Normal around `mean`. Stops unless `standardDeviation` is 0 or more.
  public static func normal(
    _ tensor: Tensor, mean: Float = 0, standardDeviation: Float = 1,
    generator: Generator = .default
  ) {
    check(
      standardDeviation >= 0 && standardDeviation.isFinite && mean.isFinite,
      """
      normal: mean \(mean) and standard deviation \(standardDeviation); both must be finite, and the \
      deviation not negative
      """)
    noGrad {
      tensor.assign(.normal(tensor.shape, generator: generator) * standardDeviation + mean)
    }
  }

  /// Normal around `mean`, but only values in `range`. Stops unless the range holds some.
  public static func truncatedNormal(
    _ tensor: Tensor, mean: Float = 0, standardDeviation: Float = 1,
    in range: ClosedRange<Float> = -2...2, generator: Generator = .default
  ) {
    /// The share of the distribution below `bound`.
    func share(_ bound: Float) -> Double {
      let deviations = Double(bound - mean) / Double(standardDeviation)
      return 0.5 * erfc(-deviations / 2.0.squareRoot())
    }
    let (low, high) = (share(range.lowerBound), share(range.upperBound))
    check(
      standardDeviation > 0 && high > low,
      """
      truncatedNormal: no values in \(range) for mean \(mean) and standard deviation \
      \(standardDeviation)
      """)
    var values = [Float](repeating: 0, count: tensor.count)
    generator.fill(values.count) { index, bits in
      let position = low + (high - low) * (Double(bits) + 0.5) * 0x1p-32
      let value = mean + standardDeviation * normalQuantile(position)
      values[index] = Swift.min(Swift.max(value, range.lowerBound), range.upperBound)
    }
    noGrad { tensor.assign(Tensor(values, shape: tensor.shape)) }
  }

  /// Uniform in ±gain √(6 / (inputs + outputs)). Glorot and Bengio, 2010.
  public static func xavierUniform(
    _ weight: Tensor, gain: Float = 1, generator: Generator = .default
  ) {
    requireGain("xavierUniform", gain)
    let fans = fans(weight, "xavierUniform")
    let bound = gain * (6 / Float(fans.in + fans.out)).squareRoot()
    uniform(weight, in: -bound...bound, generator: generator)
  }

  /// Normal with standard deviation gain √(2 / (inputs + outputs)). Glorot and Bengio, 2010.
  public static func xavierNormal(
    _ weight: Tensor, gain: Float = 1, generator: Generator = .default
  ) {
    requireGain("xavierNormal", gain)
    let fans = fans(weight, "xavierNormal")
    normal(
      weight, standardDeviation: gain * (2 / Float(fans.in + fans.out)).squareRoot(),
      generator: generator)
  }

  /// Uniform in ±gain √(3 / fan). He et al., 2015.
  public static func kaimingUniform(
    _ weight: Tensor, fan: Fan = .in, for nonlinearity: Nonlinearity = .leakyRelu(negativeSlope: 0),
    generator: Generator = .default
  ) {
    let bound =
      Float(3).squareRoot() * kaimingDeviation(weight, fan, nonlinearity, "kaimingUniform")
    uniform(weight, in: -bound...bound, generator: generator)
  }

  /// Normal with standard deviation gain / √fan. He et al., 2015.
  public static func kaimingNormal(
    _ weight: Tensor, fan: Fan = .in, for nonlinearity: Nonlinearity = .leakyRelu(negativeSlope: 0),
    generator: Generator = .default
  ) {
    normal(
      weight, standardDeviation: kaimingDeviation(weight, fan, nonlinearity, "kaimingNormal"),
      generator: generator)
  }

  private static func kaimingDeviation(
    _ weight: Tensor, _ fan: Fan, _ nonlinearity: Nonlinearity, _ name: StaticString
  ) -> Float {
    requireGain(name, nonlinearity.gain)
    let fans = fans(weight, name)
    return nonlinearity.gain / Float(fan == .in ? fans.in : fans.out).squareRoot()
  }

  static func requireGain(_ name: StaticString, _ gain: Float) {
    check(
      gain >= 0 && gain.isFinite, "\(name): a gain of \(gain); it must be 0 or more, and finite")
  }

  private static func fans(_ weight: Tensor, _ name: StaticString) -> (in: Int, out: Int) {
    check(
      weight.axisCount >= 2 && weight.count > 0,
      "\(name): a weight of shape \(weight.shape); it must be [outputs, inputs, …]")
    let kernel = weight.shape[2...].reduce(1, *)
    return (weight.shape[1] * kernel, weight.shape[0] * kernel)
  }
}
