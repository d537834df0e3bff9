import Diagnostics
public import TensorCore

/// `dropout` as a layer: in training every element is 0 with a probability and else scaled up; in
/// evaluation nothing happens.
public final class Dropout: Module, Layer {
  private let probability: Float
  private let generator: Generator?

  /// Drawn from `generator`, or what the default generator is at the time of a call. Stops unless
  /// `probability` is between 0 and 1.
  public init(probability: Float = 0.5, generator: Generator? = nil) {
    requireProbability("Dropout", probability)
    self.probability = probability
    self.generator = generator
  }

  /// `input` with elements dropped, in training.
  public func forward(_ input: Tensor) -> Tensor {
    dropout(
      input, probability: probability, isTraining: isTraining, generator: generator ?? .default)
  }
}

/// Drops whole channels of `[samples, channels, height, width]` in training: pixels that lie side
/// by side are too alike for `Dropout`. Tompson et al., 2015.
public final class Dropout2d: Module, Layer {
  private let probability: Float
  private let generator: Generator?

  /// Drawn from `generator`, or what the default generator is at the time of a call. Stops unless
  /// `probability` is between 0 and 1.
  public init(probability: Float = 0.5, generator: Generator? = nil) {
    requireProbability("Dropout2d", probability)
    self.probability = probability
    self.generator = generator
  }

  /// `input` with channels dropped, in training.
  public func forward(_ input: Tensor) -> Tensor {
    check(
      input.axisCount == 4,
      "Dropout2d: an input of shape \(input.shape); expected [samples, channels, height, width]")
    guard isTraining, probability > 0 else { return input }
    let channels = Tensor.ones([input.shape[0], input.shape[1], 1, 1])
    return input
      * dropout(channels, probability: probability, generator: generator ?? .default)
      .converted(to: input.dtype)
  }
}
