import Glibc
import Lockstep
import Support

/// What a long run shows on standard error: a bar on a terminal, else a line now and then.
struct Progress {
  private let totalSteps: Int
  private let isShown: Bool
  private let display: Display
  private var shownAt = monotonicSeconds()
  private var samplesSince = 0
  /// A bar is there from the first step on.
  private var isDue: Bool

  init(totalSteps: Int, isShown: Bool) {
    self.totalSteps = totalSteps
    self.isShown = isShown
    display = Display.ofStandardError()
    isDue = if case .lines = display { false } else { true }
  }

  func announce(_ text: String) {
    if isShown { printError(display.line(text)) }
  }

  /// Counts a step; shows it if the last one shown is a while ago.
  mutating func show(step: Int, epoch: Int, loss: Double, samples: Int, skipped: Int) {
    guard isShown else { return }
    samplesSince += samples
    let now = monotonicSeconds()
    let elapsed = now - shownAt
    guard isDue || elapsed >= display.interval else { return }
    isDue = false
    let rate = (Double(samplesSince) / elapsed).text(0)
    let text =
      "epoch \(epoch)  step \(step)/\(totalSteps)  loss \(loss.lossText)  \(rate) samples/s"
      + (skipped > 0 ? "  \(skipped) skipped" : "")
    printError(display.state(text, done: Double(step) / Double(totalSteps)))
    shownAt = now
    samplesSince = 0
  }

  mutating func evaluated(_ result: EvaluationResult, epoch: Int, step: Int) {
    announce("epoch \(epoch)  step \(step)/\(totalSteps)  \(result.text)")
    shownAt = monotonicSeconds()
    samplesSince = 0
  }

  func finish(_ text: String) { announce(text) }
}

/// Where progress is shown.
private enum Display {
  /// A file or a pipe: lines, few of them.
  case lines
  /// A terminal: a bar, drawn over itself.
  case terminal
  /// A pipe to `lockstep launch`, which draws: a line that begins with a carriage return is a bar for a
  /// terminal of so many columns.
  case relay(columns: Int)

  /// Under `mpirun` standard error is a pipe; `lockstep launch`, which knows the terminal behind it,
  /// says how wide that is.
  static func ofStandardError() -> Display {
    if isatty(STDERR_FILENO) == 1 { return terminalColumns() == nil ? .lines : .terminal }
    let columns = Setting.columns.number(in: 0...100_000) ?? 0
    return columns > 0 ? .relay(columns: columns) : .lines
  }

  /// Seconds from one state to the next.
  var interval: Double { if case .lines = self { 10 } else { 0.1 } }

  /// A line that stays.
  func line(_ text: String) -> String {
    if case .terminal = self { "\r\u{1b}[K\(text)\n" } else { text + "\n" }
  }

  /// How far a run has come, to be replaced by the next state or line.
  func state(_ text: String, done: Double) -> String {
    switch self {
    case .lines: text + "\n"
    case .terminal: "\r\(bar(text, done, columns: terminalColumns() ?? 80))\u{1b}[K"
    case .relay(let columns): "\r\(bar(text, done, columns: columns))\n"
    }
  }

  /// A bar and `text` in one line of a terminal: the bar is as long as there is room, up to 24
  /// columns, and the text is cut if need be. The last column stays free, for terminals that would
  /// begin a new line there.
  private func bar(_ text: String, _ done: Double, columns: Int) -> String {
    let room = max(1, columns - 1)
    let width = min(24, room - text.count - 2)
    guard width >= 4 else { return String(text.prefix(room)) }
    let filled = Int(Double(width) * done)
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
      + "  " + text
  }
}
