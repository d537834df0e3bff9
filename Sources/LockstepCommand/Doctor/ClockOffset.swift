import Support

/// How much later it is by the clock of another host.
package struct ClockOffset {
  /// A question to the other host, and what it said; nanoseconds since 1970.
  package struct Sample {
    /// By this host's clock, when it asked.
    let asked: Int64
    /// By the other host's clock.
    let answer: Int64
    /// By this host's clock, when the answer came.
    let heard: Int64

    package init(asked: Int64, answer: Int64, heard: Int64) {
      self.asked = asked
      self.answer = answer
      self.heard = heard
    }
  }

  /// Seconds.
  package let seconds: Double
  /// The answer may have been given at any time of the way: how far from the truth `seconds` may be.
  package let uncertainty: Double

  /// What to do where the clocks of two hosts are more than a second apart; nil: they are not.
  package static func advice(_ first: String, _ second: String, seconds: Double) -> String? {
    guard abs(seconds) > 1 else { return nil }
    return """
      by the clock of \(second) it is \(abs(seconds).text(1)) s \(seconds > 0 ? "later" : "earlier") \
      than by that of \(first): times in logs and of files cannot be compared; run chrony on both
      """
  }

  /// By the fastest of `samples`, of which there must be one.
  package init(_ samples: [Sample]) {
    let best = samples.min { $0.heard - $0.asked < $1.heard - $1.asked } ?? samples[0]
    let way = best.heard - best.asked
    seconds = Double((best.answer - best.asked) * 2 - way) / 2e9
    uncertainty = Double(way) / 2e9
  }
}
