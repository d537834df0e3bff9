import Glibc

/// What a long run shows on standard error: a bar on a terminal, else a line now and then.
struct Progress {
  private let totalSteps: Int
  private let isShown: Bool
  private let isTerminal: Bool
  private var shownAt = monotonicSeconds()
  private var samplesSince = 0

  init(totalSteps: Int, isShown: Bool) {
    self.totalSteps = totalSteps
    self.isShown = isShown
    // Under mpirun standard output is a terminal even when it is piped; standard error is not.
    isTerminal =
      isatty(STDERR_FILENO) == 1 && getenv("TERM").map { strcmp($0, "dumb") != 0 } == true
  }

  func announce(_ text: String) {
    if isShown { printError(text + "\n") }
  }

  /// Counts a step; shows it if the last one shown is a while ago.
  mutating func show(step: Int, epoch: Int, loss: Double, samples: Int, skipped: Int) {
    guard isShown else { return }
    samplesSince += samples
    let now = monotonicSeconds()
    let elapsed = now - shownAt
    guard elapsed >= (isTerminal ? 0.1 : 10) else { return }
    let rate = (Double(samplesSince) / elapsed).text(0)
    let text =
      "epoch \(epoch)  step \(step)/\(totalSteps)  loss \(loss.text(4))  \(rate) samples/s"
      + (skipped > 0 ? "  \(skipped) skipped" : "")
    if isTerminal {
      let width = 24
      let filled = width * step / totalSteps
      let bar =
        String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
      printError("\r\(bar)  \(text)\u{1b}[K")
    } else {
      printError(text + "\n")
    }
    shownAt = now
    samplesSince = 0
  }

  mutating func evaluated(_ result: EvaluationResult, epoch: Int, step: Int) {
    announce(
      (isTerminal ? "\r\u{1b}[K" : "")
        + "epoch \(epoch)  step \(step)/\(totalSteps)  \(result.text)")
    shownAt = monotonicSeconds()
    samplesSince = 0
  }

  func finish(_ text: String) { announce(text) }
}
