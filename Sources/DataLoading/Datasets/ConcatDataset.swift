import Diagnostics
public import TensorCore

/// Several data sets as one, the samples of the first before those of the second.
///
/// A part that varies its samples is asked for them by their places in that part.
public struct ConcatDataset<Input: TensorElement, Target: TensorElement>: Dataset {
  /// The data sets, which may be of different types.
  public let parts: [any Dataset<Input, Target>]
  /// How many samples there are.
  public let count: Int
  /// The shape of one sample's inputs.
  public let inputShape: Shape
  /// The shape of one sample's target.
  public let targetShape: Shape

  /// The place of the first sample of each part.
  private let starts: [Int]

  /// Joins `parts`. Stops the program if there are none, or if their samples differ in shape.
  public init(_ parts: [any Dataset<Input, Target>]) {
    guard let first = parts.first else { stop("ConcatDataset: there is no data set to join") }
    inputShape = first.inputShape
    targetShape = first.targetShape
    var starts: [Int] = []
    var count = 0
    for (index, part) in parts.enumerated() {
      check(
        part.inputShape == inputShape && part.targetShape == targetShape,
        "ConcatDataset: samples of part \(index) have the shapes \(part.inputShape) and "
          + "\(part.targetShape), those of part 0 \(inputShape) and \(targetShape)")
      starts.append(count)
      count += part.count
    }
    self.parts = parts
    self.starts = starts
    self.count = count
  }

  /// Copies the selected samples, those that follow one another in the same part together.
  public func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Input>, targets: UnsafeMutableBufferPointer<Target>
  ) {
    checkSelection(selection, inputs.count, targets.count, "ConcatDataset")
    let (inputSize, targetSize) = (inputShape.elementCount, targetShape.elementCount)
    var done = 0
    var rest = selection.indices
    while let next = rest.first {
      let part = part(of: next)
      let places = starts[part]..<starts[part] + parts[part].count
      let run = rest.prefix { places.contains($0) }.map { $0 - places.lowerBound }
      let end = done + run.count
      parts[part].copySamples(
        SampleSelection(run[...], epoch: selection.epoch),
        inputs: UnsafeMutableBufferPointer(rebasing: inputs[done * inputSize..<end * inputSize]),
        targets: UnsafeMutableBufferPointer(rebasing: targets[done * targetSize..<end * targetSize])
      )
      done = end
      rest.removeFirst(run.count)
    }
  }

  /// The part that sample `index` is in: the last one that starts at or before it, which cannot be
  /// an empty one.
  private func part(of index: Int) -> Int {
    var (low, high) = (0, starts.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= index { low = middle } else { high = middle }
    }
    return low
  }
}
