import Diagnostics
public import TensorCore

/// A fixed number of samples, each a pair of inputs and target, in any order one asks for.
///
/// A data set copies the plain values of the samples it is asked for, many at a time, into the
/// memory of the tensors that become the batch. It is `Sendable` and unchanged by reading, so that
/// a thread other than the one that trains may read ahead. ``InMemoryDataset`` and ``ByteDataset``
/// serve samples that fit in memory; others conform themselves:
///
/// ```swift
/// struct Squares: Dataset {
///   let count = 1000
///   let inputShape: Shape = [1], targetShape: Shape = [1]
///
///   func copySamples(
///     _ selection: SampleSelection,
///     inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Float>
///   ) {
///     for (place, index) in selection.indices.enumerated() {
///       inputs[place] = Float(index)
///       targets[place] = Float(index * index)
///     }
///   }
/// }
/// ```
///
/// The primary associated types say what a batch holds: images are `Dataset<Float, Int32>`, text is
/// `Dataset<Int32, Int32>`.
public protocol Dataset<Input, Target>: Sendable {
  /// The element type of the inputs.
  associatedtype Input: TensorElement
  /// The element type of the targets.
  associatedtype Target: TensorElement

  /// How many samples there are.
  var count: Int { get }
  /// The shape of one sample's inputs; `[]` is a scalar.
  var inputShape: Shape { get }
  /// The shape of one sample's target; `[]` is a scalar, as a class label is.
  var targetShape: Shape { get }

  /// Copies the selected samples, one after the other, in row-major order.
  ///
  /// Each buffer has room for exactly the selected samples and must be written throughout, with
  /// values that depend on the selection only. Stops the program if an index is not in `0..<count`.
  func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Input>, targets: UnsafeMutableBufferPointer<Target>)
}

/// The samples that make up a batch.
public struct SampleSelection: Sendable {
  /// The samples' places in the data set, in the order of the batch.
  public let indices: ArraySlice<Int>
  /// The pass over the data that the batch belongs to. Together with an index it determines what a
  /// data set that varies its samples draws for that sample, on whichever rank.
  public let epoch: Int

  /// The samples at `indices`, as `epoch` sees them.
  public init(_ indices: ArraySlice<Int>, epoch: Int = 0) {
    self.indices = indices
    self.epoch = epoch
  }
}

extension Dataset {
  /// Stops the program unless the selected samples exist and fill buffers of these sizes.
  func checkSelection(
    _ selection: SampleSelection, _ inputCount: Int, _ targetCount: Int, _ name: StaticString
  ) {
    let samples = selection.indices.count
    check(
      inputCount == samples * inputShape.elementCount
        && targetCount == samples * targetShape.elementCount,
      "\(name): buffers for \(inputCount) inputs and \(targetCount) targets do not fit "
        + "\(samples) samples of shapes \(inputShape) and \(targetShape)")
    for index in selection.indices {
      check(
        index >= 0 && index < count,
        "\(name): sample \(index) is out of range of a data set of \(count)")
    }
  }
}

/// Which part of a data set.
public enum Split: Sendable {
  /// The samples to learn from.
  case train
  /// The samples to judge by.
  case test
}

/// A data set that gives the samples of another one unchanged, as a named one gives those it has
/// read.
public protocol DatasetWrapper: Dataset where Input == Base.Input, Target == Base.Target {
  /// The type of the data set whose samples these are.
  associatedtype Base: Dataset
  /// The data set whose samples these are.
  var base: Base { get }
}

extension DatasetWrapper {
  /// How many samples there are.
  public var count: Int { base.count }
  /// The shape of one sample's inputs.
  public var inputShape: Shape { base.inputShape }
  /// The shape of one sample's target.
  public var targetShape: Shape { base.targetShape }

  /// Copies the selected samples of the other data set.
  public func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Base.Input>, targets: UnsafeMutableBufferPointer<Base.Target>
  ) {
    base.copySamples(selection, inputs: inputs, targets: targets)
  }
}
