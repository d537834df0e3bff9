import Diagnostics
import Testing

/// What comes from files and is shown.
@Suite struct QuotingTests {
  @Test func charactersThatTerminalsObeyBecomeNumbers() {
    #expect(printable("hidden.0.weight") == "hidden.0.weight")
    #expect(printable("é 漢 \u{1F600} \"it's\" \\n") == "é 漢 \u{1F600} \"it's\" \\n")
    #expect(printable("\u{1B}[2J\u{7F}\r\n\t\u{9B}31m") == #"\u{1B}[2J\u{7F}\r\n\t\u{009B}31m"#)
    // They change the direction of what follows, are invisible, or are no characters.
    #expect(printable("\u{202E}\u{200B}\u{2028}\u{E000}") == #"\u{202E}\u{200B}\u{2028}\u{E000}"#)
  }

  @Test func longTextsAreCut() {
    #expect(printable(String(repeating: "é", count: 200)) == String(repeating: "é", count: 200))
    #expect(
      printable(String(repeating: "\u{1B}", count: 201))
        == String(repeating: "\\u{1B}", count: 200) + "…")
    #expect(printable("abcd", limit: 3) == "abc…" && printable("", limit: 3) == "")
  }

  @Test func linesOfASentenceStayLines() {
    #expect(printableLines("one:\n  two\u{7}\n") == "one:\n  two\\u{07}\n")
    let long = String(repeating: "x", count: 5000)
    #expect(printableLines("\(long)\n\(long)").count == 2 * 4001 + 1)
  }
}
