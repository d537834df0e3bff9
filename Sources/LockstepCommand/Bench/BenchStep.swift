import ArgumentParser
import Benchmarks
import Lockstep
import Support
import Training

/// `lockstep bench step`
struct BenchStep: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Time whole training steps: zeroGrad, forward, backward, all-reduce, step.")

  @Option(
    help: """
      mlp: 784-512-512-10, batch 128 per rank; lenet: 64 images of 28x28; resnet20: 32 images of \
      3x32x32; gpt: 4 layers, width 128, 12 x 64 tokens; gpt-baby: 6 layers, width 384, 8 x 256 \
      tokens; rnn: 50 unrolled steps, state 128, batch 16. With SGD and momentum, gpt with AdamW.
      """)
  var workload = Workload.mlp

  @Option(
    help: "Share out so many samples over the ranks (default: the workload's batch for each).")
  var globalBatch: Int?

  @Option(help: "How many steps are timed, after a tenth as many, at least 2, that are not.")
  var steps = 200

  @Option(help: "How parameters and activations are stored.")
  var precision = Precision.float32

  @Flag(
    help: """
      Take every batch from a DataLoader over shuffled data in memory, as training does (default: \
      one batch, again and again).
      """)
  var loadData = false

  @Option(help: "Save a checkpoint in --run-dir after so many steps (default: none).")
  var checkpointEvery: Int?

  @Option(help: "A directory that is not there yet, for checkpoints.")
  var runDir: String?

  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    try require("--steps", steps)
    try require("--global-batch", globalBatch)
    try require("--checkpoint-every", checkpointEvery)
    guard (checkpointEvery == nil) == (runDir == nil) else {
      throw ValidationError("--checkpoint-every and --run-dir belong together.")
    }
  }

  func run() throws {
    threads.apply()
    try withCommunicator { world in
      let items = globalBatch ?? workload.batchSize * world.size
      guard items >= world.size else { throw TooFewSamples(samples: items, ranks: world.size) }
      let measured = try StepMeasurement(
        of: workload, storedAs: precision.dtype, items: items, steps: steps, isLoaded: loadData,
        saving: runDir.flatMap { directory in checkpointEvery.map { (directory, $0) } }, over: world
      )
      if world.isRoot {
        try report(
          measured.timings, measured.split, items, world.size, measured.peakMegabytes,
          measured.loss)
      }
    }
  }

  private func report(
    _ timings: Timings, _ split: StepSplit, _ items: Int, _ ranks: Int, _ peak: Double,
    _ loss: Double
  ) throws {
    let rate = Double(items) / timings.median
    guard json else {
      try printResult(
        """
        \(workload.rawValue): \(ranks) rank(s) x \(Threads.count) thread(s), \(precision)
        step  \((timings.median * 1e3).text(3)) ms median  \
        (\((timings.quantile(0.1) * 1e3).text(3)) ... \((timings.quantile(0.9) * 1e3).text(3)), 10 % ... 90 %), \((timings.mean * 1e3).text(3)) ms mean
        split \(split)
        rate  \(rate.text(0)) samples/s
        peak memory  \(peak.text(1)) MB
        """)
      return
    }
    try printResult(
      JSONObject([
        "workload": .text(workload.rawValue), "ranks": .integer(ranks),
        "threads": .integer(Threads.count), "precision": .text(precision.description),
        "products": .text(MatrixProducts.areByOpenBLAS ? "openblas" : "own"),
        "step_ms_median": .number(timings.median * 1e3),
        "step_ms_mean": .number(timings.mean * 1e3),
        "step_ms_p10": .number(timings.quantile(0.1) * 1e3),
        "step_ms_p90": .number(timings.quantile(0.9) * 1e3), "items_per_second": .number(rate),
        "peak_rss_mb": .number(peak), "loss": .number(loss),
        "compute_ms": .number(split.compute * 1e3),
        "communication_ms": .number(split.communication * 1e3),
        "waiting_ms": .number(split.waiting * 1e3), "data_ms": .number(split.data * 1e3),
        "slowest_rank": .integer(split.slowestRank),
      ]))
  }
}

/// Some ranks would have nothing to do.
private struct TooFewSamples: ReportableError {
  let samples: Int
  let ranks: Int

  var description: String {
    "--global-batch is \(samples); it must be at least the number of ranks, \(ranks)"
  }

  var exitCode: Diagnostics.ExitCode { .usage }
}

extension Workload: ExpressibleByArgument {}
