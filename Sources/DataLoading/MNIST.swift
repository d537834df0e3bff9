import Glibc
public import TensorCore

/// The MNIST database of handwritten digits, or a data set in the same files such as Fashion-MNIST.
///
/// Inputs are `[1, 28, 28]`: pixels scaled to 0...1 and normalised with the mean 0.1307 and the
/// standard deviation 0.3081 of the training images. Targets are labels 0...9.
public struct MNIST: DatasetWrapper {
  /// The images and labels of the split.
  public let base: InMemoryDataset

  /// Reads images and labels from `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, or the
  /// same with `t10k` for the test split; each file may be compressed and end in `.gz`.
  ///
  /// Throws a `DataError` if a file is missing or not exactly what its header announces, if there
  /// are not as many labels as images, or if a label is not in 0...9.
  ///
  /// - Parameter directory: where the files are; by default the value of the environment variable
  ///   `LOCKSTEP_MNIST`, and without it `data/mnist`.
  public init(_ split: Split, in directory: String? = nil) throws(DataError) {
    let directory = directory ?? Self.defaultDirectory
    let prefix = directory + (split == .train ? "/train" : "/t10k")
    let images = try Self.open(prefix + "-images-idx3-ubyte")
    let labels = try Self.open(prefix + "-labels-idx1-ubyte")
    let pixels = try IDX(images, dimensions: 3)
    guard pixels.shape[1...] == [28, 28] else {
      throw .malformed(
        file: images.name, problem: "its images are \(pixels.shape[1...]), expected [28, 28]")
    }
    base = InMemoryDataset(
      bytes: pixels.values, shape: [1, 28, 28],
      labels: try Self.labels(labels, count: pixels.shape[0]),
      scale: 1 / (255 * 0.3081), offset: -0.1307 / 0.3081)
  }

  private static var defaultDirectory: String {
    guard let value = getenv("LOCKSTEP_MNIST"), value.pointee != 0 else { return "data/mnist" }
    return String(cString: value)
  }

  private static func open(_ path: String) throws(DataError) -> any ByteStream {
    try openPlainOrGzip(
      path: path,
      advice: "put the four MNIST files there or set LOCKSTEP_MNIST to their directory")
  }

  private static func labels(
    _ stream: any ByteStream, count: Int
  ) throws(DataError) -> [Int32] {
    let labels = try IDX(stream, dimensions: 1).values
    guard labels.count == count else {
      throw .malformed(
        file: stream.name,
        problem: "it has \(labels.count) labels, expected one for each of \(count) images")
    }
    if let index = labels.firstIndex(where: { $0 > 9 }) {
      throw .malformed(
        file: stream.name, problem: "label \(index) is \(labels[index]), expected 0...9")
    }
    return labels.map { Int32($0) }
  }
}
