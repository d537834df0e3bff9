/// Order statistics of measured times.
package struct Timings {
  private let sorted: [Double]

  /// `seconds` must not be empty.
  package init(_ seconds: [Double]) { sorted = seconds.sorted() }

  /// The value below which `share` of the times lie.
  package func quantile(_ share: Double) -> Double {
    sorted[Int((Double(sorted.count - 1) * share).rounded())]
  }

  package var median: Double { quantile(0.5) }

  /// What counts what happens now and then, such as saving.
  package var mean: Double { sorted.reduce(0, +) / Double(sorted.count) }
}
