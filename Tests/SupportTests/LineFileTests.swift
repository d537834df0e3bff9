import Diagnostics
import Glibc
import Support
import TestSupport
import Testing

@Suite struct LineFileTests {
  @Test func linesAreThereAtOnceAndOnlyInNewFiles() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/lines"
    let file = try LineFile(creating: path)
    try file.append("one")
    #expect(try directory.read("lines") == Array("one\n".utf8))
    try file.append("two, \u{E9}")
    #expect(try directory.read("lines") == Array("one\ntwo, \u{E9}\n".utf8))
    let error = #expect(throws: FileError.self) { try LineFile(creating: path) }
    #expect(error?.isTaken == true && error?.exitCode == .cannotCreate)
  }
}
