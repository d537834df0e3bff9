public import TensorCore

/// A type of number that batches can be made of: `Float` or `Int32`.
public protocol BatchElement: BitwiseCopyable, Sendable {
  /// Zero.
  static var zero: Self { get }
  /// A tensor that holds a copy of `values`.
  static func tensor(_ values: [Self], shape: Shape) -> Tensor
}

extension Float: BatchElement {
  /// A Float32 tensor that holds a copy of `values`.
  public static func tensor(_ values: [Float], shape: Shape) -> Tensor {
    Tensor(values, shape: shape)
  }
}

extension Int32: BatchElement {
  /// An Int32 tensor that holds a copy of `values`.
  public static func tensor(_ values: [Int32], shape: Shape) -> Tensor {
    Tensor(values, shape: shape)
  }
}

/// Makes batches, of a data set whose type it hides.
package protocol BatchAssembling: AnyObject {
  /// The selected samples as tensors `[B] + inputShape` and `[B] + targetShape`.
  func batch(_ selection: SampleSelection) -> (Tensor, Tensor)
}

/// Makes batches of one data set in memory that it keeps while the size of the batches stays the
/// same.
package final class BatchAssembler<Data: Dataset>: BatchAssembling {
  private let dataset: Data
  private var inputs: [Data.Input] = []
  private var targets: [Data.Target] = []

  package init(_ dataset: Data) { self.dataset = dataset }

  package func batch(_ selection: SampleSelection) -> (Tensor, Tensor) {
    let inputShape = [selection.indices.count] + dataset.inputShape
    let targetShape = [selection.indices.count] + dataset.targetShape
    resize(&inputs, to: inputShape.reduce(1, *))
    resize(&targets, to: targetShape.reduce(1, *))
    inputs.withUnsafeMutableBufferPointer { inputs in
      targets.withUnsafeMutableBufferPointer { targets in
        dataset.copySamples(selection, inputs: inputs, targets: targets)
      }
    }
    return (
      Data.Input.tensor(inputs, shape: Shape(inputShape)),
      Data.Target.tensor(targets, shape: Shape(targetShape))
    )
  }

  private func resize<Element: BatchElement>(_ values: inout [Element], to count: Int) {
    if values.count != count { values = Array(repeating: .zero, count: count) }
  }
}

extension Dataset {
  /// The samples at `indices` as one batch: inputs `[B] + inputShape` and targets `[B] +
  /// targetShape`.
  ///
  /// For looking at samples and for small evaluations; a `DataLoader` makes one batch after the
  /// other. Stops the program if an index is not in `0..<count`.
  public func batch(_ indices: some Sequence<Int>, epoch: Int = 0) -> (Tensor, Tensor) {
    BatchAssembler(self).batch(SampleSelection(ArraySlice(indices), epoch: epoch))
  }
}
