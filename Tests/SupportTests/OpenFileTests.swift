import Diagnostics
import Glibc
import Support
import TestSupport
import Testing

@Suite struct OpenFileTests {
  private let directory: TemporaryDirectory
  private let path: String
  private static let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

  init() throws {
    directory = try TemporaryDirectory()
    path = try directory.write(Self.content, to: "file")
  }

  @Test func bytesComeFromAnyPlace() throws {
    let file = try OpenFile(path)
    #expect(file.count == Self.content.count)
    for range in [0..<0, 0..<1, 5..<77_777, 99_999..<100_000, 0..<100_000] {
      #expect(try file.bytes(range) == Array(Self.content[range]))
    }
  }

  @Test(arguments: [1000, 1024, 100_000, 200_000]) func piecesAreTheWhole(size: Int) throws {
    let file = try OpenFile(path)
    var bytes: [UInt8] = []
    try file.forEachPiece(of: 3..<50_000, size: size) { offset, piece in
      #expect(offset == 3 + bytes.count && piece.count <= size)
      bytes += piece
      return true
    }
    #expect(bytes == Array(Self.content[3..<50_000]))
    var pieces = 0
    try file.forEachPiece(of: 0..<50_000, size: 1000) { _, _ in
      pieces += 1
      return pieces < 3
    }
    #expect(pieces == 3)
  }

  /// Where bytes were mapped, the system would end the program.
  @Test func whatBecomesShorterIsAnError() throws {
    let file = try OpenFile(path)
    try #require(truncate(path, 50_000) == 0)
    #expect(try file.bytes(0..<50_000) == Array(Self.content[..<50_000]))
    let expected =
      "cannot read \(path): it had 100000 bytes when it was opened and now has 50000; replace such "
      + "files by renaming, and read it again"
    let error = try #require(
      #expect(throws: FileError.self) { try file.bytes(49_999..<50_001) })
    #expect(error.description == expected && error.exitCode == .inputOutput)
    #expect(throws: error) { try file.checkSize() }
  }
}
