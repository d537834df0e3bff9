/// What a job writes to standard error, made fit to be read: without the paragraphs of `mpirun` that
/// repeat what the failing rank has said in one line, and with the progress bar drawn.
///
/// What `mpirun` alone knows, such as the signal that ended a rank, stays.
package struct JobErrors {
  /// Whether lines that begin with a carriage return are states of a bar, to be drawn over each other.
  private let drawsBar: Bool
  /// The bytes of a line whose end has not come.
  private var line: [UInt8] = []
  /// The lines of a paragraph whose end has not come, the dashes before it among them.
  private var paragraph: [String] = []
  /// Whether the last line of the terminal is a state of the bar.
  private var showsBar = false

  private static let dashes = String(repeating: "-", count: 74)
  /// A paragraph that is longer is none: a program has printed a line of dashes of its own.
  private static let longestParagraph = 30
  private static let boringLines = [
    "show_help.c at line", "sent help message help-mpi-api.txt", "orte_base_help_aggregate",
  ]
  private static let boringParagraphs = [
    "Primary job  terminated normally", "one or more processes exited with non-zero status",
    "MPI_ABORT was invoked",
  ]

  package init(drawsBar: Bool) { self.drawsBar = drawsBar }

  /// What is to be shown now that `bytes` have come.
  package mutating func pass(_ bytes: some Sequence<UInt8>) -> String {
    var shown = ""
    for byte in bytes {
      guard byte == UInt8(ascii: "\n") else {
        line.append(byte)
        continue
      }
      shown += pass(line: String(decoding: line, as: UTF8.self))
      line = []
    }
    return shown
  }

  /// What is to be shown when nothing more comes. A bar stays, and what follows begins below it.
  package mutating func end() -> String {
    var rest = line.isEmpty ? "" : pass(line: String(decoding: line, as: UTF8.self))
    line = []
    rest += release()
    return showsBar ? rest + "\n" : rest
  }

  private mutating func pass(line: String) -> String {
    if line.hasPrefix("\r") { return state(line) }
    if Self.boringLines.contains(where: line.contains) { return "" }
    if paragraph.isEmpty, line != Self.dashes { return draw([line]) }
    paragraph.append(line)
    if paragraph.count > Self.longestParagraph { return release() }
    guard paragraph.count > 1, line == Self.dashes else { return "" }
    let isBoring = paragraph.contains { line in
      Self.boringParagraphs.contains(where: line.contains)
    }
    if isBoring { paragraph = [] }
    return release()
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
    return (showsBar ? "\r\u{1b}[K" : "") + lines.map { $0 + "\n" }.joined()
  }
}
