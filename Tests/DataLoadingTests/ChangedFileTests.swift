import DataLoading
import Diagnostics
import Glibc
import TestSupport
import Testing

/// A data set's file that becomes shorter while it is in use ends the job with a sentence.
@Suite(.serialized) struct ChangedFileTests {
  @Test func tokensThatAreGoneAreSaid() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(74), observing: [\.standardErrorContent]
    ) {
      let directory = try TemporaryDirectory()
      let path = try directory.write([UInt8](repeating: 0, count: 40_000), to: "tokens.bin")
      let tokens = try TokenSequence(tokenFile: path, vocabularySize: 1)
      let windows = try tokens.consecutiveWindows(of: 100)
      guard truncate(path, 20_000) == 0 else { return }
      _ = windows.batch(0..<99)  // up to token 9,900
      _ = windows.batch(100..<101)
    }
    try expectSentence(result, "tokens.bin: it had 40000 bytes when it was opened and now has 20")
  }

  @Test func imagesThatAreGoneAreSaid() async throws {
    let result = await #expect(
      processExitsWith: .exitCode(74), observing: [\.standardErrorContent]
    ) {
      let directory = try TemporaryDirectory()
      let records = [UInt8](repeating: 1, count: 3073 * 4)
      try directory.write(records, to: "test_batch.bin")
      let images = try CIFAR10(.test, in: directory.path)
      guard truncate(directory.path + "/test_batch.bin", 3073 * 2) == 0 else { return }
      _ = images.batch(0..<2)
      _ = images.batch(2..<3)
    }
    try expectSentence(
      result, "test_batch.bin: it had 12292 bytes when it was opened and now has 6")
  }

  private func expectSentence(_ result: ExitTest.Result?, _ cause: String) throws {
    let text = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    let lines = text.split(separator: "\n").filter { $0.hasPrefix("error: ") }
    #expect(lines.count == 1 && lines.first?.contains(cause) == true, "\(text)")
  }
}
