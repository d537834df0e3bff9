import Support
public import TensorCore

/// The MNIST database of handwritten digits.
///
/// Inputs are `[1, 28, 28]`: pixels scaled to 0...1 and normalised with the mean 0.1307 and the
/// standard deviation 0.3081 of the training images. Targets are labels 0...9.
public struct MNIST: DatasetWrapper {
  /// The images and labels of the split.
  public let base: ByteDataset

  /// Reads images and labels from `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, or the
  /// same with `t10k` for the test split; each file may be compressed and end in `.gz`.
  ///
  /// Throws a `DataError` if a file is missing or not exactly what its header announces, if there
  /// are not as many labels as images, or if a label is not in 0...9.
  ///
  /// - Parameter directory: where the files are; by default the value of the environment variable
  ///   `LOCKSTEP_MNIST`, and without it `data/mnist`.
  public init(_ split: Split, in directory: String? = nil) throws(DataError) {
    let place = DataDirectory(directory, variable: .mnist, default: "data/mnist")
    base = try place.readIDX(
      split, mean: 0.1307, standardDeviation: 0.3081, files: "the four MNIST files")
  }
}

/// Zalando's Fashion-MNIST: clothes in ten classes, in files of the same names and layout as
/// MNIST's.
///
/// Inputs are `[1, 28, 28]`: pixels scaled to 0...1 and normalised with the mean 0.2860 and the
/// standard deviation 0.3530 of the training images. Targets are labels 0...9: T-shirt, trouser,
/// pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.
public struct FashionMNIST: DatasetWrapper {
  /// The images and labels of the split.
  public let base: ByteDataset

  /// Reads the split as `MNIST` does, with the same errors.
  ///
  /// - Parameter directory: where the files are; by default the value of the environment variable
  ///   `LOCKSTEP_FASHION_MNIST`, and without it `data/fashion-mnist`.
  public init(_ split: Split, in directory: String? = nil) throws(DataError) {
    let place = DataDirectory(
      directory, variable: .fashionMNIST, default: "data/fashion-mnist")
    base = try place.readIDX(
      split, mean: 0.2860, standardDeviation: 0.3530, files: "the four Fashion-MNIST files")
  }
}

extension DataDirectory {
  /// Grey images of 28 x 28 pixels and their labels, normalised.
  fileprivate func readIDX(
    _ split: Split, mean: Float, standardDeviation: Float, files: String
  ) throws(DataError) -> ByteDataset {
    let prefix = path + (split == .train ? "/train" : "/t10k")
    let advice = self.advice(toPut: files)
    let images = try openPlainOrGzip(path: prefix + "-images-idx3-ubyte", advice: advice)
    let labels = try openPlainOrGzip(path: prefix + "-labels-idx1-ubyte", advice: advice)
    let pixels = try IDX(images, dimensions: 3)
    guard pixels.shape[1...] == [28, 28] else {
      throw .unusable(
        file: images.name, line: nil,
        problem: "its images are \(Array(pixels.shape[1...])), expected [28, 28]",
        advice: "use images of that size")
    }
    return ByteDataset(
      bytes: pixels.values, shape: [1, 28, 28],
      labels: try readLabels(labels, count: pixels.shape[0]),
      scale: 1 / (255 * standardDeviation), offset: -mean / standardDeviation)
  }

  private func readLabels(
    _ stream: any ByteStream, count: Int
  ) throws(DataError) -> [Int32] {
    let labels = try IDX(stream, dimensions: 1).values
    guard labels.count == count else {
      throw .unusable(
        file: stream.name, line: nil,
        problem: "it has \(labels.count) labels, expected one for each of \(count) images",
        advice: "use the images and labels of one data set")
    }
    if let index = labels.firstIndex(where: { $0 > 9 }) {
      throw .unusable(
        file: stream.name, line: nil,
        problem: "label \(index) is \(labels[index]), expected 0...9",
        advice: "use a data set of ten classes")
    }
    return labels.map { Int32($0) }
  }
}
