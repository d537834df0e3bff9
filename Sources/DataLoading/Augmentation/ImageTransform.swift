public import TensorCore

/// A change of one image of `[channels, height, width]`.
///
/// Transforms are applied one after the other by `Dataset.augmented(by:seed:)`.
public protocol ImageTransform: Sendable {
  /// The shape that images of `shape` get. Stops the program if the transform does not fit them.
  func outputShape(_ shape: Shape) -> Shape

  /// Writes the changed image to `result`, throughout.
  ///
  /// What it gives depends on its arguments only; chance comes from `random` alone.
  ///
  /// - Parameters:
  ///   - image: the values of an image of `shape`, in row-major order.
  ///   - result: room for an image of `outputShape(shape)`.
  ///   - random: the numbers that belong to this sample, those that earlier transforms drew left
  ///     out.
  func apply(
    _ image: UnsafeBufferPointer<Float>, shape: Shape,
    to result: UnsafeMutableBufferPointer<Float>, using random: inout SplitMix64)
}
