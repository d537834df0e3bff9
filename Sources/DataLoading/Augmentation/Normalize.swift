import Diagnostics
public import TensorCore

/// Each channel of an image less its mean, divided by its standard deviation.
public struct Normalize: ImageTransform {
  /// The mean of each channel.
  public let mean: [Float]
  /// The standard deviation of each channel.
  public let standardDeviation: [Float]

  /// Normalises with a mean and a standard deviation for each channel.
  ///
  /// Stops the program if there are not as many of both, or if a deviation is not positive.
  public init(mean: [Float], standardDeviation: [Float]) {
    check(
      mean.count == standardDeviation.count
        && standardDeviation.allSatisfy { $0 > 0 && $0.isFinite },
      "Normalize: \(mean.count) means and the deviations \(standardDeviation) do not make a positive deviation "
        + "for each mean")
    check(mean.allSatisfy(\.isFinite), "Normalize: the means \(mean) are not all finite")
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// The same shape. Stops the program unless there is a mean for each channel.
  public func outputShape(_ shape: Shape) -> Shape {
    check(
      shape[0] == mean.count,
      "Normalize: \(mean.count) means do not fit the channels of an image of \(shape)")
    return shape
  }

  /// Writes the normalised image.
  public func apply(
    _ image: UnsafeBufferPointer<Float>, shape: Shape,
    to result: UnsafeMutableBufferPointer<Float>, using random: inout SplitMix64
  ) {
    let plane = shape[1] * shape[2]
    for channel in mean.indices {
      let (mean, standardDeviation) = (mean[channel], standardDeviation[channel])
      for i in channel * plane..<(channel + 1) * plane {
        result[i] = (image[i] - mean) / standardDeviation
      }
    }
  }
}
