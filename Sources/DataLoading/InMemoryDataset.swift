import Diagnostics
public import TensorCore

/// Labelled samples held in memory, their inputs as `Float` or as bytes.
///
/// Bytes stay bytes until a batch is put together, which takes a quarter of the memory: the 60,000
/// images of MNIST are 47 MB.
public struct InMemoryDataset: Dataset {
  private enum Inputs {
    case floats([Float])
    case bytes([UInt8], scale: Float, offset: Float)
  }

  /// The shape of one sample's inputs.
  public let inputShape: Shape
  /// A label is a scalar.
  public let targetShape: Shape = []
  /// How many samples there are.
  public var count: Int { labels.count }

  private let inputs: Inputs
  private let labels: [Int32]
  private let inputSize: Int

  /// Samples with inputs of `shape` each, one after the other in `inputs`, and a label each.
  ///
  /// Stops the program unless `inputs` holds exactly as many values as the samples need.
  public init(inputs: [Float], shape: Shape, labels: [Int32]) {
    self.init(.floats(inputs), valueCount: inputs.count, shape: shape, labels: labels)
  }

  /// Samples with inputs of `shape` each, one after the other in `bytes`, and a label each. A batch
  /// holds `byte * scale + offset`.
  ///
  /// Stops the program unless `bytes` holds exactly as many values as the samples need.
  public init(
    bytes: [UInt8], shape: Shape, labels: [Int32], scale: Float = 1 / 255, offset: Float = 0
  ) {
    self.init(
      .bytes(bytes, scale: scale, offset: offset), valueCount: bytes.count, shape: shape,
      labels: labels)
  }

  private init(_ inputs: Inputs, valueCount: Int, shape: Shape, labels: [Int32]) {
    let size = shape.elementCount
    check(
      valueCount == labels.count * size,
      "InMemoryDataset: \(labels.count) labels and inputs of shape \(shape) need "
        + "\(labels.count * size) values, but there are \(valueCount)")
    self.inputs = inputs
    self.labels = labels
    inputShape = shape
    inputSize = size
  }

  /// Copies the selected samples, see `Dataset`; bytes are scaled on the way.
  public func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Int32>
  ) {
    check(
      inputs.count == selection.indices.count * inputSize
        && targets.count == selection.indices.count,
      "InMemoryDataset: buffers for \(inputs.count) inputs and \(targets.count) targets do not fit "
        + "\(selection.indices.count) samples of shape \(inputShape)")
    for (row, index) in selection.indices.enumerated() {
      check(
        labels.indices.contains(index),
        "InMemoryDataset: sample \(index) is out of range of a data set of \(count)")
      targets[row] = labels[index]
    }
    guard let destination = inputs.baseAddress else { return }
    switch self.inputs {
    case .floats(let values):
      copyRows(values, selection.indices, to: destination)
    case .bytes(let values, let scale, let offset):
      scaleRows(values, selection.indices, scale: scale, offset: offset, to: destination)
    }
  }

  private func copyRows(
    _ values: [Float], _ rows: ArraySlice<Int>, to destination: UnsafeMutablePointer<Float>
  ) {
    values.withUnsafeBufferPointer { values in
      guard let source = values.baseAddress else { return }
      var next = destination
      for row in rows {
        next.update(from: source + row * inputSize, count: inputSize)
        next += inputSize
      }
    }
  }

  private func scaleRows(
    _ values: [UInt8], _ rows: ArraySlice<Int>, scale: Float, offset: Float,
    to destination: UnsafeMutablePointer<Float>
  ) {
    values.withUnsafeBufferPointer { values in
      guard let source = values.baseAddress else { return }
      var next = destination
      for row in rows {
        let pixels = source + row * inputSize
        for i in 0..<inputSize { next[i] = Float(pixels[i]) * scale + offset }
        next += inputSize
      }
    }
  }
}
