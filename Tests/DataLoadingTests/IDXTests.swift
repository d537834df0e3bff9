import DataLoading
import TestSupport
import Testing

@Suite struct IDXTests {
  static func read(_ bytes: [UInt8], dimensions: Int) throws -> IDX {
    try IDX(MemoryStream(bytes, name: "file"), dimensions: dimensions)
  }

  @Test func arrayComesBack() throws {
    let values = (0..<24).map { UInt8($0) }
    let array = try Self.read(
      idx(magic: 0x803, sizes: [2, 3, 4], values: values), dimensions: 3)
    #expect(array.shape == [2, 3, 4])
    #expect(array.values == values)
  }

  @Test func wrongMagicNumberIsNamed() {
    let advice = "use an IDX file of unsigned bytes with"
    expect("its magic number is 0x00000801, expected 0x00000803", "\(advice) 3 dimension(s)") {
      try Self.read(idx(magic: 0x801, sizes: [1, 1, 1], values: [1]), dimensions: 3)
    }
    expect("its magic number is 0x1f8b0800, expected 0x00000801", "\(advice) 1 dimension(s)") {
      try Self.read(idx(magic: 0x1f8b_0800, sizes: [1], values: [1]), dimensions: 1)
    }
  }

  @Test(arguments: 0..<16)
  func truncatedHeaderIsFound(count: Int) {
    let file = idx(magic: 0x803, sizes: [1, 1, 1], values: [1])
    expect("it ends within its header, after \(count) of 16 bytes") {
      try Self.read(Array(file.prefix(count)), dimensions: 3)
    }
  }

  @Test func missingValuesAreFound() {
    expect(
      "its header announces [2, 3] values, expected at least one and at most the 5 "
        + "that a file of this size can hold"
    ) {
      try Self.read(idx(magic: 0x802, sizes: [2, 3], values: [1, 2, 3, 4, 5]), dimensions: 2)
    }
    let compressed = gzip(idx(magic: 0x802, sizes: [2, 3], values: [1, 2, 3, 4, 5]))
    expect("it ends after 5 of the 6 values in its header") {
      try IDX(GzipStream(MemoryStream(compressed, name: "file")), dimensions: 2)
    }
  }

  @Test func trailingBytesAreFound() {
    expect("more bytes follow the 6 values in its header, expected the file to end") {
      try Self.read(
        idx(magic: 0x802, sizes: [2, 3], values: [1, 2, 3, 4, 5, 6, 7]), dimensions: 2)
    }
  }

  @Test func emptyDimensionIsRefused() {
    expect(
      "its header announces [0, 28] values, expected at least one and at most the 0 "
        + "that a file of this size can hold"
    ) { try Self.read(idx(magic: 0x802, sizes: [0, 28], values: []), dimensions: 2) }
  }

  @Test(arguments: [
    [UInt32.max, .max, .max], [1 << 31, 1 << 31, 4], [1 << 31, 1 << 31, 2], [60_000, 28, 28],
  ])
  func hugeSizesAreRefusedBeforeAnythingIsAllocated(sizes: [UInt32]) {
    let file = idx(magic: 0x803, sizes: sizes, values: [1, 2, 3])
    expect(
      "its header announces \(sizes) values, expected at least one and at most the 3 "
        + "that a file of this size can hold"
    ) { try Self.read(file, dimensions: 3) }
    let compressed = gzip(file)
    expect(
      "its header announces \(sizes) values, expected at least one and at most the "
        + "\((16 << 20) - 16) that are read of a compressed file of this size (gunzip it, if it is "
        + "as it should be)"
    ) { try IDX(GzipStream(MemoryStream(compressed, name: "file")), dimensions: 3) }
  }

  private func expect(
    _ problem: String, _ advice: String? = nil, at location: SourceLocation = #_sourceLocation,
    _ read: () throws -> IDX
  ) {
    let expected =
      advice.map { DataError.unusable(file: "file", line: nil, problem: problem, advice: $0) }
      ?? .malformed(file: "file", problem: problem)
    #expect(throws: expected, sourceLocation: location) { try read() }
  }
}
