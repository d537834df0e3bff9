import TestSupport

/// A small data set in MNIST's files that any network can learn: label k is a bright bar in the
/// rows 2k and 2k + 1.
struct MNISTFiles {
  static let imageSize = 28 * 28

  /// The labels 0...9 again and again.
  static func labels(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 10) } }

  static func images(_ labels: [UInt8]) -> [UInt8] {
    let pixels = labels.flatMap { label in
      (0..<imageSize).map { UInt8($0 / 56 == Int(label) ? 255 : 0) }
    }
    return idx(magic: 0x803, sizes: [UInt32(labels.count), 28, 28], values: pixels)
  }

  /// Writes the four files to the directory `mnist` in `directory`.
  static func write(
    training: Int = 60, test: Int = 20, compressed: Bool = false, to directory: TemporaryDirectory
  ) throws {
    for (prefix, count) in [("train", training), ("t10k", test)] {
      let files = [
        ("\(prefix)-images-idx3-ubyte", images(labels(count))),
        ("\(prefix)-labels-idx1-ubyte", labelFile(labels(count))),
      ]
      for (name, bytes) in files {
        try directory.write(
          compressed ? gzip(bytes) : bytes, to: "mnist/\(name)\(compressed ? ".gz" : "")")
      }
    }
  }
}
