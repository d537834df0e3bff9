import DataLoading
import TestSupport
import Testing

@Suite struct GzipStreamTests {
  static let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

  static func inflate(_ bytes: [UInt8]) throws -> [UInt8] {
    let stream = try GzipStream(MemoryStream(bytes, name: "a.gz"))
    let content = try stream.bytes(upTo: 1 << 20)
    try stream.requireEnd(after: "the content")
    return content
  }

  @Test(arguments: [0, 1, 1000, 65_536, 300_000])
  func contentComesBack(count: Int) throws {
    let content = Array(Self.content.prefix(count))
    #expect(try Self.inflate(gzip(content)) == content)
  }

  @Test func readsStopAtTheLimit() throws {
    let stream = try GzipStream(MemoryStream(gzip(Self.content), name: "a.gz"))
    #expect(try stream.bytes(upTo: 10) == Array(Self.content[..<10]))
    #expect(try stream.bytes(upTo: 99_990) == Array(Self.content[10..<100_000]))
    #expect(throws: DataError.self) { try stream.requireEnd(after: "the content") }
  }

  /// A thousandfold growth is possible, and nothing that images do.
  @Test func growthIsLimited() throws {
    let zeros = gzip([UInt8](repeating: 0, count: (16 << 20) + 1))
    let stream = try GzipStream(MemoryStream(zeros, name: "a.gz"))
    #expect(stream.byteLimit == 16 << 20)
    #expect(try stream.bytes(upTo: 16 << 20).count == 16 << 20)
    let error = #expect(throws: DataError.self) { try stream.requireEnd(after: "the content") }
    #expect(
      error?.description
        == "a.gz: its \(zeros.count) bytes become more than 16777216 when they are decompressed, "
        + "which those of images do not; gunzip it, if it is as it should be")
    // What does not grow that much has no limit of its own.
    let noise = gzip((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 40_503 >> 11) })
    let dense = try GzipStream(MemoryStream(noise, name: "a.gz"))
    #expect(dense.byteLimit == max(16 << 20, 32 * noise.count))
  }

  @Test func everyTruncationIsFound() throws {
    let compressed = gzip(Array(Self.content.prefix(200)))
    let expected = DataError.malformed(file: "a.gz", problem: "its gzip data are truncated")
    for count in 0..<compressed.count {
      #expect(throws: expected) { try Self.inflate(Array(compressed.prefix(count))) }
    }
  }

  @Test func wrongChecksumIsFound() {
    var compressed = gzip(Self.content)
    compressed[compressed.count - 8] ^= 1
    expectDamage("incorrect data check", compressed)
  }

  @Test func wrongLengthIsFound() {
    var compressed = gzip(Self.content)
    compressed[compressed.count - 4] ^= 1
    expectDamage("incorrect length check", compressed)
  }

  @Test func whatIsNotGzipIsRefused() {
    expectDamage("incorrect header check", Self.content)
  }

  @Test(arguments: [[0], Array("trailing".utf8), gzip([1, 2, 3])])
  func trailingBytesAreRefused(trailing: [UInt8]) {
    let expected = DataError.malformed(
      file: "a.gz", problem: "more bytes follow its gzip data, expected the file to end")
    #expect(throws: expected) { try Self.inflate(gzip([1, 2, 3]) + trailing) }
  }

  private func expectDamage(
    _ reason: String, _ bytes: [UInt8], at location: SourceLocation = #_sourceLocation
  ) {
    let expected = DataError.malformed(
      file: "a.gz", problem: "its gzip data are damaged (\(reason))")
    #expect(throws: expected, sourceLocation: location) { try Self.inflate(bytes) }
  }
}
