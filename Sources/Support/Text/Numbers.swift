import Glibc

extension Double {
  /// With `digits` decimals: `0.0817`.
  package func text(_ digits: Int) -> String { formatted("%.*f", digits) }

  /// As a power of ten with `digits` decimals: `8.1700e-02`.
  package func scientificText(_ digits: Int) -> String { formatted("%.*e", digits) }

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

/// `41 s`; below ten seconds `4.1 s`.
package func duration(_ seconds: Double) -> String {
  seconds < 9.95
    ? "\((seconds * 10).rounded() / 10) s" : "\(Int(seconds.rounded())) s"
}

/// `number` in base 16, with at least `digits` digits.
package func hexadecimal(_ number: some UnsignedInteger, digits: Int = 1) -> String {
  padded(String(number, radix: 16), digits, with: "0")
}

/// `number` with commas between thousands: `9,000`.
package func grouped(_ number: Int) -> String {
  var digits = String(number)
  for position in stride(from: digits.count - 3, to: 0, by: -3) {
    digits.insert(",", at: digits.index(digits.startIndex, offsetBy: position))
  }
  return digits
}

/// `text` behind as many of `filler` as make it `width` characters long at least.
package func padded(_ text: String, _ width: Int, with filler: Character = " ") -> String {
  String(repeating: filler, count: max(0, width - text.count)) + text
}

/// `numbers`, which increase, with runs of neighbors as ranges: `0-3, 8`.
package func rangesText(_ numbers: [Int], separator: String = ", ") -> String {
  var runs: [ClosedRange<Int>] = []
  for number in numbers {
    if let last = runs.last, last.upperBound + 1 == number {
      runs[runs.count - 1] = last.lowerBound...number
    } else {
      runs.append(number...number)
    }
  }
  return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    .joined(separator: separator)
}
