import Diagnostics
public import TensorCore

/// Samples that are held in memory as they are handed out.
///
/// Targets may be class labels or values of any shape, as regression needs them. `ByteDataset`
/// takes a quarter of the memory where inputs are bytes.
public struct InMemoryDataset<Input: TensorElement, Target: TensorElement>: Dataset {
  /// The shape of one sample's inputs.
  public let inputShape: Shape
  /// The shape of one sample's target.
  public let targetShape: Shape
  /// How many samples there are.
  public let count: Int

  private let inputs: [Input]
  private let targets: [Target]

  /// Samples with inputs of `shape` and targets of `targetShape` each, one after the other.
  ///
  /// Stops the program unless there are exactly as many inputs as the targets need, and the targets
  /// are whole ones.
  public init(inputs: [Input], shape: Shape, targets: [Target], targetShape: Shape) {
    shape.requireSizes("InMemoryDataset")
    targetShape.requireSizes("InMemoryDataset")
    let targetSize = targetShape.elementCount
    check(
      targetSize > 0 && targets.count.isMultiple(of: targetSize),
      "InMemoryDataset: \(targets.count) values do not make whole targets of shape \(targetShape)")
    count = targets.count / targetSize
    check(
      inputs.count == count * shape.elementCount,
      "InMemoryDataset: \(count) \(targetShape.isEmpty ? "labels" : "targets") and inputs of shape "
        + "\(shape) need \(count * shape.elementCount) values, but there are \(inputs.count)")
    inputShape = shape
    self.targetShape = targetShape
    self.inputs = inputs
    self.targets = targets
  }

  /// Copies the selected samples, see `Dataset`.
  public func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Input>, targets: UnsafeMutableBufferPointer<Target>
  ) {
    checkSelection(selection, inputs.count, targets.count, "InMemoryDataset")
    copyRows(self.inputs, selection.indices, size: inputShape.elementCount, to: inputs)
    copyRows(self.targets, selection.indices, size: targetShape.elementCount, to: targets)
  }

  private func copyRows<Element: TensorElement>(
    _ values: [Element], _ rows: ArraySlice<Int>, size: Int,
    to destination: UnsafeMutableBufferPointer<Element>
  ) {
    values.withUnsafeBufferPointer { values in
      guard let source = values.baseAddress, var next = destination.baseAddress else { return }
      for row in rows {
        next.update(from: source + row * size, count: size)
        next += size
      }
    }
  }
}

extension InMemoryDataset where Target == Int32 {
  /// Samples with inputs of `shape` each, one after the other in `inputs`, and a label each.
  ///
  /// Stops the program unless `inputs` holds exactly as many values as the samples need.
  public init(inputs: [Input], shape: Shape, labels: [Int32]) {
    self.init(inputs: inputs, shape: shape, targets: labels, targetShape: [])
  }
}
