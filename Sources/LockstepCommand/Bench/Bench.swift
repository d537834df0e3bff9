import ArgumentParser

/// `lockstep bench`
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure speed on synthetic data.",
    subcommands: [BenchStep.self, BenchScaling.self, BenchOps.self, BenchAllReduce.self])
}

/// Order statistics of measured times.
struct Timings {
  private let sorted: [Double]

  /// `seconds` must not be empty.
  init(_ seconds: [Double]) { sorted = seconds.sorted() }

  /// The value below which `share` of the times lie.
  func quantile(_ share: Double) -> Double {
    sorted[Int((Double(sorted.count - 1) * share).rounded())]
  }

  var median: Double { quantile(0.5) }
}
