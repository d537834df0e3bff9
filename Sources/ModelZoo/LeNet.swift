public import Lockstep

/// A small convolutional network for images: twice a 3×3 convolution, ReLU and 2×2 max-pooling, then
/// two linear layers. After LeCun et al., 1998.
public final class LeNet: Module, Layer {
  /// To 32 channels.
  public let conv1: Conv2d
  /// To 64 channels.
  public let conv2: Conv2d
  /// From all pixels to 128 features.
  public let hidden: Linear
  /// The last layer; its result is the logits.
  public let head: Linear

  /// A network for images `[samples, channels, height, width]`. Stops for images of less than 4×4
  /// pixels.
  public init(
    channels: Int, height: Int, width: Int, classes: Int, generator: Generator = .default
  ) {
    check(height >= 4 && width >= 4, "LeNet: images of \(height)x\(width) pixels are too small")
    conv1 = Conv2d(channels, 32, kernel: 3, padding: 1, generator: generator)
    conv2 = Conv2d(32, 64, kernel: 3, padding: 1, generator: generator)
    hidden = Linear(64 * (height / 4) * (width / 4), 128, generator: generator)
    head = Linear(128, classes, generator: generator)
  }

  /// Logits `[samples, classes]` of `images`.
  public func forward(_ images: Tensor) -> Tensor {
    var x = maxPool2d(relu(conv1(images)), kernel: 2)
    x = maxPool2d(relu(conv2(x)), kernel: 2)
    return head(relu(hidden(x.flattened(from: 1))))
  }
}
