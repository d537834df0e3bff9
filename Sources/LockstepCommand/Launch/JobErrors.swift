import Support

/// What a job writes to standard error, made fit to be read: without the paragraphs of `mpirun` that
/// repeat what the failing rank has said in one line, and with the progress bar drawn.
///
/// What `mpirun` alone knows, such as the signal that ended a rank, stays, and so does all that it says of
/// a program whose ranks have said nothing.
package struct JobErrors {
  /// Whether lines that begin with a carriage return are states of a bar, to be drawn over each other.
  private let drawsBar: Bool
  /// The bytes of a line whose end has not come.
  private var line: [UInt8] = []
  /// Whether the beginning of that line is shown already.
  private var isLineOpen = false
  /// The lines of a paragraph whose end has not come, the dashes before it among them.
  private var paragraph: [String] = []
  /// Paragraphs that are shown in the end, unless a rank has said why it failed.
  private var repeated: [String] = []
  /// Whether a rank has said why it failed.
  private var hasCause = false
  /// The directory of the run that the ranks are, which saves and stops on `SIGUSR1`; nil: they have not
  /// said that they are one.
  package private(set) var run: String?
  /// Whether the last line of the terminal is a state of the bar.
  private var showsBar = false

  private static let dashes = String(repeating: "-", count: 74)
  /// A paragraph that is longer is none: a program has printed a line of dashes of its own.
  private static let longestParagraph = 30
  /// The bytes of a line after which its end is not waited for.
  private static let longestLine = 1 << 16
  private static let boringLines = [
    "show_help.c at line", "sent help message help-mpi-api.txt", "orte_base_help_aggregate",
    "mpirun: Forwarding signal",
  ]
  private static let boringParagraphs = [
    "Primary job  terminated normally", "one or more processes exited with non-zero status",
    "MPI_ABORT was invoked",
  ]

  /// Takes the bar from the last line of the terminal.
  private static let clear = "\r\u{1b}[K"

  package init(drawsBar: Bool) { self.drawsBar = drawsBar }

  /// What is to be shown now that `bytes` have come.
  package mutating func pass(_ bytes: some Sequence<UInt8>) -> String {
    var shown = ""
    for byte in bytes {
      guard byte == UInt8(ascii: "\n") else {
        // No character is cut in two.
        if line.count >= Self.longestLine, byte & 0xc0 != 0x80 { shown += pause() }
        line.append(byte)
        continue
      }
      shown += pass(line: String(decoding: line, as: UTF8.self))
      line = []
    }
    return shown
  }

  /// What is to be shown when nothing has come for a moment: all that waits for the end of its line or
  /// of its paragraph, such as a program's own bar.
  package mutating func pause() -> String {
    let shown = release()
    guard !line.isEmpty else { return shown }
    defer {
      line = []
      isLineOpen = true
      showsBar = false
    }
    let text = String(decoding: line, as: UTF8.self)
    note(text)
    return shown + (showsBar ? Self.clear : "") + text
  }

  /// What is to be shown when nothing more comes. A bar stays, and what follows begins below it.
  package mutating func end() -> String {
    let isOpen = isLineOpen || !line.isEmpty
    var rest = isOpen ? pass(line: String(decoding: line, as: UTF8.self)) : ""
    line = []
    rest += release()
    if !hasCause { rest += draw(repeated) }
    repeated = []
    return showsBar ? rest + "\n" : rest
  }

  private mutating func pass(line: String) -> String {
    if isLineOpen {
      isLineOpen = false
      return line + "\n"
    }
    if line.hasPrefix("\r") { return state(line) }
    if line.hasPrefix(runAnnouncement) {
      run = String(line.dropFirst(runAnnouncement.count))
      return ""
    }
    note(line)
    if Self.boringLines.contains(where: line.contains) { return "" }
    if paragraph.isEmpty, line != Self.dashes { return draw([line]) }
    paragraph.append(line)
    if paragraph.count > Self.longestParagraph { return release() }
    guard paragraph.count > 1, line == Self.dashes else { return "" }
    let isBoring = paragraph.contains { line in
      Self.boringParagraphs.contains(where: line.contains)
    }
    // A rank's last words may come after what mpirun says of its end.
    if isBoring {
      if !hasCause { repeated += paragraph }
      paragraph = []
    }
    return release()
  }

  /// A program of Lockstep says `error: ` or that it has stopped, and Swift's runtime `Fatal error`.
  private mutating func note(_ line: String) {
    let causes = ["error: ", "stopped by ", "stopped after "]
    if causes.contains(where: line.hasPrefix) || line.contains("Fatal error") { hasCause = true }
  }

  private mutating func release() -> String {
    defer { paragraph = [] }
    return draw(paragraph)
  }

  private mutating func state(_ line: String) -> String {
    guard drawsBar else { return line + "\n" }
    showsBar = true
    return line + "\u{1b}[K"
  }

  private mutating func draw(_ lines: [String]) -> String {
    guard !lines.isEmpty else { return "" }
    defer { showsBar = false }
    return (showsBar ? Self.clear : "") + lines.map { $0 + "\n" }.joined()
  }
}
