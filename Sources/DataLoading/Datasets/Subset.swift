import Diagnostics
public import TensorCore

/// Some samples of another data set, in an order of one's own.
public struct Subset<Base: Dataset>: Dataset {
  /// The data set that the samples are in.
  public let base: Base
  /// Their places in it.
  public let indices: [Int]

  /// The samples of `base` at `indices`, which may be a range.
  ///
  /// Stops the program if an index is not in `0..<base.count`.
  public init(_ base: Base, _ indices: some Sequence<Int>) {
    self.base = base
    self.indices = Array(indices)
    for index in self.indices {
      check(
        index >= 0 && index < base.count,
        "Subset: sample \(index) is out of range of a data set of \(base.count)")
    }
  }

  /// How many samples there are.
  public var count: Int { indices.count }
  /// The shape of one sample's inputs.
  public var inputShape: Shape { base.inputShape }
  /// The shape of one sample's target.
  public var targetShape: Shape { base.targetShape }

  /// Copies the selected samples of the other data set.
  public func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Base.Input>, targets: UnsafeMutableBufferPointer<Base.Target>
  ) {
    checkSelection(selection, inputs.count, targets.count, "Subset")
    let chosen = selection.indices.map { indices[$0] }
    base.copySamples(
      SampleSelection(chosen[...], epoch: selection.epoch), inputs: inputs, targets: targets)
  }
}

extension Dataset {
  /// Two parts that share no sample: one to train on, and `fraction` of all samples, rounded to a
  /// whole number, to validate with.
  ///
  /// Which samples are held out depends on `seed` and `count` only; both parts keep the order of
  /// the data. Stops the program if `fraction` is not between 0 and 1.
  public func randomSplit(
    holdingOut fraction: Double, seed: UInt64
  ) -> (train: Subset<Self>, validation: Subset<Self>) {
    let parts = SampleOrder.split(count: count, holdingOut: fraction, seed: seed)
    return (Subset(self, parts.kept), Subset(self, parts.heldOut))
  }
}
