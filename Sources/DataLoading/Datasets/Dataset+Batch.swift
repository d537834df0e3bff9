public import TensorCore

extension Dataset {
  /// The selected samples as one batch: inputs `[B] + inputShape` and targets `[B] + targetShape`.
  ///
  /// Stops the program if an index is not in `0..<count`.
  public func batch(_ selection: SampleSelection) -> (Tensor, Tensor) {
    let batch = unfilledBatch(selection)
    batch.fill()
    return (batch.inputs, batch.targets)
  }

  /// The samples at `indices` as one batch, of the same shapes.
  ///
  /// Stops the program if an index is not in `0..<count`.
  public func batch(_ indices: some Sequence<Int>) -> (Tensor, Tensor) {
    batch(SampleSelection(ArraySlice(indices)))
  }

  /// The tensors of a batch and what fills them, on any thread.
  func unfilledBatch(_ selection: SampleSelection) -> UnfilledBatch {
    func withBatch(_ size: Shape) -> Shape {
      Shape([selection.indices.count] + size)
    }
    let inputs = Tensor(uninitialized: withBatch(inputShape), Input.dtype)
    let targets = Tensor(uninitialized: withBatch(targetShape), Target.dtype)
    // Only the buffers cross to the other thread, see `UnfilledBatch`.
    nonisolated(unsafe) let inputBuffer = UnsafeMutableBufferPointer<Input>(
      start: inputs.pointer(), count: inputs.count)
    nonisolated(unsafe) let targetBuffer = UnsafeMutableBufferPointer<Target>(
      start: targets.pointer(), count: targets.count)
    return UnfilledBatch(inputs: inputs, targets: targets) {
      copySamples(selection, inputs: inputBuffer, targets: targetBuffer)
    }
  }

  /// The plain values of the selected samples, one after the other.
  func values(_ selection: SampleSelection) -> (inputs: [Input], targets: [Target]) {
    let samples = selection.indices.count
    var targets: [Target] = []
    let inputs = [Input](unsafeUninitializedCapacity: samples * inputShape.elementCount) {
      inputs, inputCount in
      inputCount = inputs.count
      targets = [Target](unsafeUninitializedCapacity: samples * targetShape.elementCount) {
        targets, targetCount in
        targetCount = targets.count
        copySamples(selection, inputs: inputs, targets: targets)
      }
    }
    return (inputs, targets)
  }
}

/// A batch whose tensors have their memory, but not their values.
///
/// `fill` writes the values through plain pointers. Whoever calls it keeps the tensors alive until
/// it returns, and touches neither before.
struct UnfilledBatch {
  let inputs: Tensor
  let targets: Tensor
  let fill: @Sendable () -> Void
}
