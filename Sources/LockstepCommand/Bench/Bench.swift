import ArgumentParser

/// `lockstep bench`
struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure speed on synthetic data.",
    subcommands: [BenchStep.self, BenchScaling.self, BenchOps.self, BenchAllReduce.self])
}
