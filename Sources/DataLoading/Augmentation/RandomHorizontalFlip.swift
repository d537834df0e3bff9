import Diagnostics
public import TensorCore

/// An image that is mirrored, left to right, with a given probability.
public struct RandomHorizontalFlip: ImageTransform {
  /// How likely an image is mirrored.
  public let probability: Float

  /// Mirrors with `probability`. Stops the program if it is not between 0 and 1.
  public init(probability: Float = 0.5) {
    check(
      probability >= 0 && probability <= 1,
      "RandomHorizontalFlip: probability \(probability) is not between 0 and 1")
    self.probability = probability
  }

  /// The same shape.
  public func outputShape(_ shape: Shape) -> Shape { shape }

  /// Writes the image, mirrored or as it is.
  public func apply(
    _ image: UnsafeBufferPointer<Float>, shape: Shape,
    to result: UnsafeMutableBufferPointer<Float>, using random: inout SplitMix64
  ) {
    guard random.nextUnit() < probability else {
      _ = result.update(fromContentsOf: image)
      return
    }
    let width = shape[2]
    for row in 0..<shape[0] * shape[1] {
      for column in 0..<width {
        result[row * width + column] = image[row * width + width - 1 - column]
      }
    }
  }
}
