import Diagnostics
import Support
public import TensorCore

/// Labelled samples whose inputs are bytes, in memory or in a file.
///
/// Bytes stay bytes until a batch is put together: the 60,000 images of MNIST are 47 MB. A batch
/// holds `byte * scale + offset`.
public struct ByteDataset: Dataset {
  private enum Source {
    case memory([UInt8])
    case file(OpenFile)
  }

  /// The shape of one sample's inputs.
  public let inputShape: Shape
  /// A label is a scalar.
  public let targetShape: Shape = []
  /// How many samples there are.
  public var count: Int { labels.count }

  private let source: Source
  /// How many bytes lie before a sample's inputs, and how many the whole sample takes.
  private let (lead, stride): (Int, Int)
  private let labels: [Int32]
  private let scaling: ByteScaling

  /// Samples with inputs of `shape` each, one after the other in `bytes`, and a label each.
  ///
  /// Stops the program unless `bytes` holds exactly as many values as the samples need.
  public init(
    bytes: [UInt8], shape: Shape, labels: [Int32], scale: Float = 1 / 255, offset: Float = 0
  ) {
    shape.requireSizes("ByteDataset")
    check(
      scale.isFinite && offset.isFinite,
      "ByteDataset: scale \(scale) and offset \(offset); both must be finite")
    let size = shape.elementCount
    check(
      bytes.count == labels.count * size,
      "ByteDataset: \(labels.count) labels and inputs of shape \(shape) need "
        + "\(labels.count * size) values, but there are \(bytes.count)")
    source = .memory(bytes)
    inputShape = shape
    (lead, stride) = (0, size)
    self.labels = labels
    scaling = ByteScaling(scales: [scale], offsets: [offset])
  }

  /// Samples in a file of records that hold `lead` other bytes each before the inputs of `shape`.
  init(_ file: OpenFile, shape: Shape, lead: Int, labels: [Int32], scaling: ByteScaling) {
    source = .file(file)
    inputShape = shape
    (self.lead, stride) = (lead, lead + shape.elementCount)
    check(file.count == labels.count * stride, "ByteDataset: the records do not fill the file")
    self.labels = labels
    self.scaling = scaling
  }

  /// Copies the selected samples, see `Dataset`; bytes are scaled on the way.
  public func copySamples(
    _ selection: SampleSelection,
    inputs: UnsafeMutableBufferPointer<Float>, targets: UnsafeMutableBufferPointer<Int32>
  ) {
    checkSelection(selection, inputs.count, targets.count, "ByteDataset")
    for (row, index) in selection.indices.enumerated() { targets[row] = labels[index] }
    guard let destination = inputs.baseAddress else { return }
    switch source {
    case .memory(let values):
      values.withUnsafeBufferPointer { values in
        scale(selection.indices, to: destination) { offset in values.baseAddress.map { $0 + offset }
        }
      }
    case .file(let file):
      withUnsafeTemporaryAllocation(byteCount: inputShape.elementCount, alignment: 16) { row in
        scale(selection.indices, to: destination) { offset in
          file.fill(row, from: offset)
          return UnsafePointer(row.assumingMemoryBound(to: UInt8.self).baseAddress)
        }
      }
    }
  }

  /// Scales the inputs of `rows`, which `bytes` gives from an offset of the source on.
  private func scale(
    _ rows: ArraySlice<Int>, to destination: UnsafeMutablePointer<Float>,
    _ bytes: (Int) -> UnsafePointer<UInt8>?
  ) {
    let size = inputShape.elementCount
    for (place, row) in rows.enumerated() {
      guard let source = bytes(row * stride + lead) else { return }
      scaling.apply(source, count: size, to: destination + place * size)
    }
  }
}

/// A scale and an offset for each channel of an image whose channels follow one another.
struct ByteScaling {
  let scales: [Float]
  let offsets: [Float]

  /// Scales `count` bytes, the same number for each channel.
  func apply(
    _ source: UnsafePointer<UInt8>, count: Int, to destination: UnsafeMutablePointer<Float>
  ) {
    let plane = count / scales.count
    for channel in scales.indices {
      let (scale, offset) = (scales[channel], offsets[channel])
      for i in channel * plane..<(channel + 1) * plane {
        destination[i] = Float(source[i]) * scale + offset
      }
    }
  }
}
