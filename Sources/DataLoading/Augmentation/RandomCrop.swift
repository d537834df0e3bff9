import Diagnostics
public import TensorCore

/// A random part of an image that has been surrounded by `padding` rows and columns of `fill`.
///
/// Draws the top row first, then the left column, each place equally likely.
public struct RandomCrop: ImageTransform {
  /// How many rows the part has.
  public let height: Int
  /// How many columns the part has.
  public let width: Int
  /// How many rows and columns surround the image on each side.
  public let padding: Int
  /// The value of the surrounding pixels. 0 is black in images from 0 to 1, and the mean in
  /// normalised ones.
  public let fill: Float

  /// A part of `height` rows and `width` columns.
  ///
  /// Stops the program if a size is not positive or `padding` is negative.
  public init(height: Int, width: Int, padding: Int = 0, fill: Float = 0) {
    check(
      height > 0 && width > 0 && padding >= 0,
      "RandomCrop: \(height) x \(width) with padding \(padding) is not a part of an image")
    self.height = height
    self.width = width
    self.padding = padding
    self.fill = fill
  }

  /// A square part of `size` rows and columns.
  public init(_ size: Int, padding: Int = 0, fill: Float = 0) {
    self.init(height: size, width: size, padding: padding, fill: fill)
  }

  /// The same channels of the part's height and width.
  public func outputShape(_ shape: Shape) -> Shape {
    check(
      height <= shape[1] + 2 * padding && width <= shape[2] + 2 * padding,
      "RandomCrop: \(height) x \(width) is larger than an image of \(shape) with padding "
        + "\(padding)")
    return [shape[0], height, width]
  }

  /// Writes the part.
  public func apply(
    _ image: UnsafeBufferPointer<Float>, shape: Shape,
    to result: UnsafeMutableBufferPointer<Float>, using random: inout SplitMix64
  ) {
    let (rows, columns) = (shape[1], shape[2])
    let top = Int(random.next(below: UInt64(rows + 2 * padding - height + 1))) - padding
    let left = Int(random.next(below: UInt64(columns + 2 * padding - width + 1))) - padding
    var place = 0
    for channel in 0..<shape[0] {
      for row in top..<top + height {
        let isInside = row >= 0 && row < rows
        let start = (channel * rows + row) * columns
        for column in left..<left + width {
          result[place] = isInside && column >= 0 && column < columns ? image[start + column] : fill
          place += 1
        }
      }
    }
  }
}

/// An image moved by up to `distance` rows and columns in each direction; what comes in from
/// outside is `fill`.
public struct RandomShift: ImageTransform {
  /// How far an image is moved at most.
  public let distance: Int
  /// The value of the pixels that come in.
  public let fill: Float

  /// Moves by up to `distance`. Stops the program if it is negative.
  public init(_ distance: Int, fill: Float = 0) {
    check(distance >= 0, "RandomShift: the distance is \(distance), but must not be negative")
    self.distance = distance
    self.fill = fill
  }

  /// The same shape.
  public func outputShape(_ shape: Shape) -> Shape { shape }

  /// Writes the moved image.
  public func apply(
    _ image: UnsafeBufferPointer<Float>, shape: Shape,
    to result: UnsafeMutableBufferPointer<Float>, using random: inout SplitMix64
  ) {
    RandomCrop(height: shape[1], width: shape[2], padding: distance, fill: fill)
      .apply(image, shape: shape, to: result, using: &random)
  }
}
