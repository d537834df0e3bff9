import DataLoading
import TensorCore
import TestSupport
import Testing

@Suite struct CIFAR10Tests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Records with these labels, whose pixels count up from `first` over all of them.
  static func records(_ labels: [UInt8], first: Int = 0) -> [UInt8] {
    labels.enumerated().flatMap { index, label in
      [label] + (0..<3072).map { UInt8((first + index * 3072 + $0) % 253) }
    }
  }

  @Test func filesFollowOneAnother() throws {
    for batch in 1...5 {
      let labels = (0..<batch).map { UInt8($0 + batch) }
      try directory.write(Self.records(labels, first: batch), to: "data_batch_\(batch).bin")
    }
    let data = try CIFAR10(.train, in: directory.path, normalized: false)
    #expect(data.count == 15)
    #expect(data.inputShape == [3, 32, 32])
    #expect(data.targetShape == [])
    let (images, labels) = data.batch([14, 0, 4])
    #expect(images.shape == [3, 3, 32, 32])
    #expect(labels.array(of: Int32.self) == [9, 1, 4])
    let firsts = [5 + 4 * 3072, 1, 3 + 3072]
    let pixels = firsts.flatMap { first in (0..<3072).map { (first + $0) % 253 } }
    #expect(images.floats == pixels.map { Float($0) * (1 / 255) })
  }

  @Test func channelsAreNormalized() throws {
    try directory.write(Self.records([3, 8]), to: "test_batch.bin")
    let (images, labels) = try CIFAR10(.test, in: directory.path).batch([1])
    #expect(labels.array(of: Int32.self) == [8])
    let (mean, std) = ([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616])
    for (i, value) in images.floats.enumerated() {
      let channel = i / 1024
      let expected = (Double((3072 + i) % 253) / 255 - mean[channel]) / std[channel]
      #expect(abs(Double(value) - expected) < 5e-7)
    }
  }

  @Test func missingFileIsNamed() throws {
    try directory.write(Self.records([1]), to: "data_batch_1.bin")
    expect(
      .missing(
        path: "\(directory.path)/data_batch_2.bin",
        advice: "put the six files of the binary version of CIFAR-10 there or name "
          + "the directory that has them"))
  }

  @Test(arguments: [0, 1, 3072, 3074, 6145])
  func partsOfRecordsAreRefused(size: Int) throws {
    try directory.write([UInt8](repeating: 1, count: size), to: "data_batch_1.bin")
    expect(
      .unusable(
        file: "\(directory.path)/data_batch_1.bin", line: nil,
        problem: "it has \(size) bytes, expected a multiple of the 3073 of a record",
        advice: "use the binary version of CIFAR-10"))
  }

  @Test func wrongLabelIsNamedWithItsIndex() throws {
    try directory.write(Self.records([1, 9, 10]), to: "data_batch_1.bin")
    expect(
      .unusable(
        file: "\(directory.path)/data_batch_1.bin", line: nil,
        problem: "label 2 is 10, expected 0...9", advice: "use the binary version of CIFAR-10"))
  }

  private func expect(_ error: DataError, at location: SourceLocation = #_sourceLocation) {
    #expect(throws: error, sourceLocation: location) { try CIFAR10(.train, in: directory.path) }
  }
}
