public import TensorCore

extension Dataset {
  /// The selected samples as one batch: inputs `[B] + inputShape` and targets `[B] + targetShape`.
  ///
  /// Stops the program if an index is not in `0..<count`.
  public func batch(_ selection: SampleSelection) -> (Tensor, Tensor) {
    var inputShape = inputShape
    inputShape.insert(selection.indices.count, at: 0)
    var targetShape = targetShape
    targetShape.insert(selection.indices.count, at: 0)
    let inputs = Tensor(uninitialized: inputShape, Input.dtype)
    let targets = Tensor(uninitialized: targetShape, Target.dtype)
    copySamples(
      selection,
      inputs: UnsafeMutableBufferPointer(start: inputs.pointer(), count: inputs.count),
      targets: UnsafeMutableBufferPointer(start: targets.pointer(), count: targets.count))
    return (inputs, targets)
  }

  /// The samples at `indices` as one batch, of the same shapes.
  ///
  /// Stops the program if an index is not in `0..<count`.
  public func batch(_ indices: some Sequence<Int>) -> (Tensor, Tensor) {
    batch(SampleSelection(ArraySlice(indices)))
  }
}
