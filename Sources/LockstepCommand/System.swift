import Glibc
import Lockstep

/// Seconds on a clock that never jumps.
func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Writes `text` to standard error as it is, in one piece.
func printError(_ text: String) {
  var text = text
  text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// How many columns the terminal on standard error has; nil: there is none that draws.
func terminalColumns() -> Int? {
  guard isatty(STDERR_FILENO) == 1, let kind = environmentVariable("TERM"), kind != "dumb" else {
    return nil
  }
  var size = winsize()
  guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
  return Int(size.ws_col)
}

/// The path of the program called `name`, a path itself or a name in `PATH`; nil: there is none that
/// this user may start.
func pathOfProgram(_ name: String) -> String? {
  let folders = name.contains("/") ? [] : (environmentVariable("PATH") ?? "").split(separator: ":")
  let paths = name.contains("/") ? [name] : folders.map { "\($0)/\(name)" }
  return paths.first { access($0, X_OK) == 0 }
}

/// The most memory that this process has had resident, in bytes.
func peakResidentBytes() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss * 1024
}

extension Double {
  /// With `digits` decimals.
  func text(_ digits: Int) -> String { formatted("%.*f", digits) }

  /// As a loss is shown: with four decimals, and large ones with seven digits.
  var lossText: String { abs(self) < 1e5 ? text(4) : formatted("%.*g", 7) }

  private func formatted(_ format: String, _ digits: Int) -> String {
    guard isFinite else { return "\(self)" }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
      guard let start = buffer.baseAddress else { return "" }
      withVaList([Int32(digits), self]) { _ = vsnprintf(start, buffer.count, format, $0) }
      return String(cString: start)
    }
  }
}

/// `text` with spaces before it, `width` characters at least.
func padded(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
