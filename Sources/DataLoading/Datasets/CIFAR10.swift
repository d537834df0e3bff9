import Support
public import TensorCore

/// The CIFAR-10 images: ten classes of things and animals in colour.
///
/// Inputs are `[3, 32, 32]`, red, green, blue; targets are labels 0...9: aeroplane, car, bird, cat,
/// deer, dog, frog, horse, ship, truck. Images are read when they are
/// needed, and the system holds one copy for all ranks of a host; the files must stay as they are while
/// they are in use.
public struct CIFAR10: DatasetWrapper {
  /// The mean of each channel over the 50,000 training images, of pixels from 0 to 1.
  public static let mean: [Float] = [0.4914, 0.4822, 0.4465]
  /// The standard deviation of each channel over the same pixels.
  public static let standardDeviation: [Float] = [0.2470, 0.2435, 0.2616]

  /// The images and labels of the split, a part for each file.
  public let base: ConcatDataset<Float, Int32>

  /// Opens `data_batch_1.bin` ... `data_batch_5.bin`, or `test_batch.bin`, of the binary version:
  /// records of a label and 3,072 pixels, a byte each.
  ///
  /// Throws a `DataError` if a file is missing, does not consist of whole records, or has a label
  /// that is not in 0...9.
  ///
  /// - Parameters:
  ///   - directory: where the files are; by default the value of the environment variable
  ///     `LOCKSTEP_CIFAR10`, and without it `data/cifar-10-batches-bin`.
  ///   - normalized: whether `mean` and `standardDeviation` are applied; otherwise pixels are from 0 to 1, as
  ///     transforms want them that pad with black.
  public init(
    _ split: Split, in directory: String? = nil, normalized: Bool = true
  ) throws(DataError) {
    let place = DataDirectory(
      directory, variable: .cifar10, default: "data/cifar-10-batches-bin")
    let names = split == .train ? (1...5).map { "data_batch_\($0).bin" } : ["test_batch.bin"]
    var parts: [any Dataset<Float, Int32>] = []
    for name in names {
      let file = try OpenFile(
        path: "\(place.path)/\(name)",
        advice: place.advice(toPut: "the six files of the binary version of CIFAR-10"))
      parts.append(
        ByteDataset(
          file, shape: [3, 32, 32], lead: 1, labels: try Self.labels(of: file),
          scaling: normalized ? Self.normalizing : ByteScaling(scales: [1 / 255], offsets: [0])))
    }
    base = ConcatDataset(parts)
  }

  private static let advice = "use the binary version of CIFAR-10"

  private static var normalizing: ByteScaling {
    ByteScaling(
      scales: standardDeviation.map { 1 / (255 * $0) },
      offsets: zip(mean, standardDeviation).map { -$0 / $1 })
  }

  private static func labels(of file: OpenFile) throws(DataError) -> [Int32] {
    let size = 1 + 3 * 32 * 32
    guard file.count > 0, file.count.isMultiple(of: size) else {
      throw .unusable(
        file: file.path, line: nil,
        problem: "it has \(file.count) bytes, expected a multiple of the \(size) of a record",
        advice: Self.advice)
    }
    var labels: [Int32] = []
    do throws(FileError) {
      try file.forEachPiece(of: 0..<file.count, size: size * 100) { _, bytes in
        labels += stride(from: 0, to: bytes.count, by: size).map { Int32(bytes[$0]) }
        return true
      }
    } catch {
      throw DataError(error, advice: advice)
    }
    if let index = labels.firstIndex(where: { $0 > 9 }) {
      throw .unusable(
        file: file.path, line: nil,
        problem: "label \(index) is \(labels[index]), expected 0...9", advice: Self.advice)
    }
    return labels
  }
}
