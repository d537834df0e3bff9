import DataLoading
import Diagnostics
import Glibc
import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct MNISTTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Writes both files of the training split.
  private func write(images: [UInt8], labels: [UInt8]) throws {
    try directory.write(images, to: "train-images-idx3-ubyte")
    try directory.write(labels, to: "train-labels-idx1-ubyte")
  }

  private func expect(_ error: DataError, at location: SourceLocation = #_sourceLocation) {
    #expect(throws: error, sourceLocation: location) { try MNIST(.train, in: directory.path) }
  }

  /// Expects that a file is refused with its problem: as damaged, or as sound but not what is asked
  /// for, with what to do.
  private func expect(
    _ problem: String, in file: String, advice: String? = nil,
    at location: SourceLocation = #_sourceLocation
  ) {
    let path = "\(directory.path)/\(file)"
    let error =
      advice.map { DataError.unusable(file: path, line: nil, problem: problem, advice: $0) }
      ?? .malformed(file: path, problem: problem)
    expect(error, at: location)
  }

  @Test func imagesAreNormalized() throws {
    try write(images: imageFile(count: 3), labels: labelFile([7, 0, 9]))
    let data = try MNIST(.train, in: directory.path)
    #expect(data.count == 3)
    #expect(data.inputShape == [1, 28, 28])
    #expect(data.targetShape == [])
    let (images, labels) = data.batch([2, 0])
    #expect(images.shape == [2, 1, 28, 28])
    #expect(labels.array(of: Int32.self) == [9, 7])
    let pixels = Array(1568..<2352) + Array(0..<784)
    for (value, pixel) in matched(images.floats, pixels) {
      let expected = (Double(pixel % 251) / 255 - 0.1307) / 0.3081
      #expect(abs(Double(value) - expected) < 5e-7)
    }
  }

  @Test func compressedFilesAreReadToo() throws {
    try directory.write(gzip(imageFile(count: 2)), to: "t10k-images-idx3-ubyte.gz")
    try directory.write(labelFile([1, 2]), to: "t10k-labels-idx1-ubyte")
    let data = try MNIST(.test, in: directory.path)
    #expect(data.batch(0..<2).1.array(of: Int32.self) == [1, 2])
  }

  @Test func fashionHasTheSameFilesAndItsOwnNumbers() throws {
    try write(images: imageFile(count: 2), labels: labelFile([7, 0]))
    let data = try FashionMNIST(.train, in: directory.path)
    #expect(data.count == 2)
    let (images, labels) = data.batch([1])
    #expect(images.shape == [1, 1, 28, 28])
    #expect(labels.array(of: Int32.self) == [0])
    for (value, pixel) in matched(images.floats, 784..<1568) {
      let expected = (Double(pixel % 251) / 255 - 0.2860) / 0.3530
      #expect(abs(Double(value) - expected) < 5e-7)
    }
    let error = #expect(throws: DataError.self) { try FashionMNIST(.test, in: directory.path) }
    #expect(
      error?.description
        == "\(directory.path)/t10k-images-idx3-ubyte[.gz]: no such file or directory; put the four "
        + "Fashion-MNIST files there or name the directory that has them")
  }

  @Test func missingFileIsNamed() throws {
    let advice = "put the four MNIST files there or name the directory that has them"
    let images = "\(directory.path)/train-images-idx3-ubyte[.gz]"
    expect(.missing(path: images, advice: advice))
    try directory.write(imageFile(count: 1), to: "train-images-idx3-ubyte")
    let labels = "\(directory.path)/train-labels-idx1-ubyte[.gz]"
    expect(.missing(path: labels, advice: advice))
    #expect(DataError.missing(path: labels, advice: advice).exitCode == .missingInput)
    #expect(
      DataError.missing(path: labels, advice: advice).description
        == "\(labels): no such file or directory; \(advice)")
  }

  @Test func directoryInPlaceOfAFileIsRefused() throws {
    let path = "\(directory.path)/train-images-idx3-ubyte"
    mkdir(path, 0o700)
    defer { rmdir(path) }
    expect(.unreadable(path: path, reason: "it is not a regular file"))
  }

  @Test func swappedFilesAreRefused() throws {
    try write(images: labelFile([1]), labels: imageFile(count: 1))
    expect(
      "it ends within its header, after 9 of 16 bytes", in: "train-images-idx3-ubyte")
    try write(images: labelFile([1, 2, 3, 4, 5, 6, 7, 8]), labels: imageFile(count: 1))
    expect(
      "its magic number is 0x00000801, expected 0x00000803", in: "train-images-idx3-ubyte",
      advice: "use an IDX file of unsigned bytes with 3 dimension(s)")
  }

  @Test func imagesOfAnotherSizeAreRefused() throws {
    let images = idx(magic: 0x803, sizes: [1, 2, 3], values: [1, 2, 3, 4, 5, 6])
    try write(images: images, labels: labelFile([1]))
    expect(
      "its images are [2, 3], expected [28, 28]", in: "train-images-idx3-ubyte",
      advice: "use images of that size")
  }

  @Test func differentCountsAreNamed() throws {
    try write(images: imageFile(count: 3), labels: labelFile([1, 2]))
    expect(
      "it has 2 labels, expected one for each of 3 images", in: "train-labels-idx1-ubyte",
      advice: "use the images and labels of one data set")
  }

  @Test func wrongLabelIsNamedWithItsIndex() throws {
    try write(images: imageFile(count: 3), labels: labelFile([1, 10, 11]))
    expect(
      "label 1 is 10, expected 0...9", in: "train-labels-idx1-ubyte",
      advice: "use a data set of ten classes")
  }

  @Test func damagedFileEndsAProgramWithBadData() throws {
    try write(images: imageFile(count: 1) + [0], labels: labelFile([1]))
    let error = #expect(throws: DataError.self) { try MNIST(.train, in: directory.path) }
    #expect(error?.exitCode == .badData)
    #expect(
      error?.description
        == "\(directory.path)/train-images-idx3-ubyte: more bytes follow the 784 values in its "
        + "header, expected the file to end; use an undamaged copy of the file")
  }

  @Test func truncatedCompressedFileIsNamed() throws {
    try directory.write(
      gzip(imageFile(count: 1)).dropLast(), to: "train-images-idx3-ubyte.gz")
    try directory.write(labelFile([1]), to: "train-labels-idx1-ubyte")
    expect("its gzip data are truncated", in: "train-images-idx3-ubyte.gz")
  }

  @Test func environmentNamesTheDirectory() async throws {
    await #expect(processExitsWith: .success) {
      let directory = try TemporaryDirectory()
      try directory.write(imageFile(count: 2), to: "t10k-images-idx3-ubyte")
      try directory.write(labelFile([4, 5]), to: "t10k-labels-idx1-ubyte")
      setenv("LOCKSTEP_MNIST", directory.path, 1)
      try #require(try MNIST(.test).count == 2)
      setenv("LOCKSTEP_MNIST", "", 1)
      chdir(directory.path)
      let error = #expect(throws: DataError.self) { try MNIST(.test) }
      try #require(error?.description.hasPrefix("data/mnist/t10k-images-idx3-ubyte") == true)
    }
  }
}
