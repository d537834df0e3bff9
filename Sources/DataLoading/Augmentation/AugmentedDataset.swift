import Diagnostics
public import TensorCore

/// The images of another data set, varied anew in every epoch.
public struct AugmentedDataset<Base: Dataset>: Dataset where Base.Input == Float {
  /// The data set that the images come from.
  public let base: Base
  /// What is done to each image, in this order.
  public let transforms: [any ImageTransform]
  /// The shape of an image after all transforms.
  public var inputShape: Shape { shapes[transforms.count] }
  /// The shape of one sample's target.
  public var targetShape: Shape { base.targetShape }
  /// How many samples there are.
  public var count: Int { base.count }

  private let seed: UInt64
  /// The shape of an image before each transform, and after the last.
  private let shapes: [Shape]

  init(_ base: Base, _ transforms: [any ImageTransform], seed: UInt64) {
    check(!transforms.isEmpty, "augmented: there is no transform")
    check(
      base.inputShape.count == 3,
      "augmented: inputs are \(base.inputShape), but must be [channels, height, width]")
    self.base = base
    self.transforms = transforms
    self.seed = seed
    shapes = transforms.reduce(into: [base.inputShape]) { shapes, transform in
      shapes.append(transform.outputShape(shapes[shapes.count - 1]))
    }
  }

  /// Copies the selected samples, their images transformed.
  public func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Base.Target>
  ) {
    checkSelection(selection, inputs.count, targets.count, "AugmentedDataset")
    let sizes = shapes.map(\.elementCount)
    let (oldSize, newSize) = (sizes[0], sizes[sizes.count - 1])
    let scratchSize = sizes.max() ?? 0
    withUnsafeTemporaryAllocation(
      of: Float.self, capacity: selection.indices.count * oldSize + 2 * scratchSize
    ) { memory in
      let originals = part(memory, 2 * scratchSize, selection.indices.count * oldSize)
      base.copySamples(selection, inputs: originals, targets: targets)
      for (place, index) in selection.indices.enumerated() {
        var random = SplitMix64(seed: seed, epoch: selection.epoch, sample: index)
        var image = UnsafeBufferPointer(part(originals, place * oldSize, oldSize))
        for (step, transform) in transforms.enumerated() {
          // An image on its way lies in one of two places, its next state in the other.
          let result =
            step + 1 < transforms.count
            ? part(memory, step % 2 * scratchSize, sizes[step + 1])
            : part(inputs, place * newSize, newSize)
          transform.apply(image, shape: shapes[step], to: result, using: &random)
          image = UnsafeBufferPointer(result)
        }
      }
    }
  }

  private func part(
    _ buffer: UnsafeMutableBufferPointer<Float>, _ start: Int, _ count: Int
  ) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(rebasing: buffer[start..<start + count])
  }
}

extension Dataset where Input == Float {
  /// The same samples, their images changed by `transforms`, one after the other.
  ///
  /// The random numbers of a sample depend on `seed`, the epoch and the sample's index, on nothing
  /// else: neither the number of ranks nor the thread that reads ahead changes an image. Use it on
  /// training data only. Stops the program if inputs are not `[channels, height, width]`, or if a
  /// transform does not fit them.
  public func augmented(
    by transforms: any ImageTransform..., seed: UInt64
  ) -> AugmentedDataset<Self> {
    AugmentedDataset(self, transforms, seed: seed)
  }
}
