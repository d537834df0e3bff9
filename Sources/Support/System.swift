import Glibc

/// Seconds on a clock that never jumps.
package func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Writes `text` to standard error as it is, in one piece.
package func printError(_ text: String) {
  var text = text
  text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// The most memory that this process has had resident, in bytes.
package func peakResidentBytes() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss * 1024
}

extension Double {
  /// With `digits` decimals.
  package func text(_ digits: Int) -> String { formatted("%.*f", digits) }

  /// As a loss is shown: with four decimals, and large ones with seven digits.
  package var lossText: String { abs(self) < 1e5 ? text(4) : formatted("%.*g", 7) }

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
package func padded(_ text: String, _ width: Int) -> String {
  String(repeating: " ", count: max(0, width - text.count)) + text
}
