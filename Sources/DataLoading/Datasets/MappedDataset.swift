import Diagnostics
public import TensorCore

/// The samples of another data set, each changed by a function.
public struct MappedDataset<
  Base: Dataset, Input: TensorElement, Target: TensorElement
>: Dataset {
  /// Takes the values of one sample's inputs and target and gives the new ones.
  public typealias Transform =
    @Sendable (_ inputs: [Base.Input], _ target: [Base.Target]) -> ([Input], [Target])

  /// The data set that the samples come from.
  public let base: Base
  /// The shape of one sample's new inputs.
  public let inputShape: Shape
  /// The shape of one sample's new target.
  public let targetShape: Shape
  /// How many samples there are.
  public var count: Int { base.count }

  private let transform: Transform

  /// The samples of `base` after `transform`, which gives values for these shapes and depends on
  /// its arguments only.
  public init(
    _ base: Base, inputShape: Shape, targetShape: Shape, _ transform: @escaping Transform
  ) {
    inputShape.requireSizes("MappedDataset")
    targetShape.requireSizes("MappedDataset")
    self.base = base
    self.inputShape = inputShape
    self.targetShape = targetShape
    self.transform = transform
  }

  /// Copies the selected samples after the transform. Stops the program if that gives more or fewer
  /// values than the shapes ask for.
  public func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Input>, targets: UnsafeMutableBufferPointer<Target>
  ) {
    checkSelection(selection, inputs.count, targets.count, "MappedDataset")
    let old = base.values(selection)
    let oldSizes = (base.inputShape.elementCount, base.targetShape.elementCount)
    let sizes = (inputShape.elementCount, targetShape.elementCount)
    for (place, index) in selection.indices.enumerated() {
      let (newInputs, newTargets) = transform(
        Array(old.inputs[place * oldSizes.0..<(place + 1) * oldSizes.0]),
        Array(old.targets[place * oldSizes.1..<(place + 1) * oldSizes.1]))
      check(
        newInputs.count == sizes.0 && newTargets.count == sizes.1,
        "MappedDataset: sample \(index) became \(newInputs.count) inputs and \(newTargets.count) "
          + "targets, which do not fit the shapes \(inputShape) and \(targetShape)")
      for (i, value) in newInputs.enumerated() { inputs[place * sizes.0 + i] = value }
      for (i, value) in newTargets.enumerated() { targets[place * sizes.1 + i] = value }
    }
  }
}

extension Dataset {
  /// The same samples with inputs of `shape` that `transform` makes of the values of each sample's.
  public func mappingInputs<NewInput: TensorElement>(
    to shape: Shape, _ transform: @escaping @Sendable ([Input]) -> [NewInput]
  ) -> MappedDataset<Self, NewInput, Target> {
    MappedDataset(self, inputShape: shape, targetShape: targetShape) { (transform($0), $1) }
  }

  /// The same samples with targets of `shape` that `transform` makes of the values of each
  /// sample's.
  public func mappingTargets<NewTarget: TensorElement>(
    to shape: Shape, _ transform: @escaping @Sendable ([Target]) -> [NewTarget]
  ) -> MappedDataset<Self, Input, NewTarget> {
    MappedDataset(self, inputShape: inputShape, targetShape: shape) { ($0, transform($1)) }
  }
}
