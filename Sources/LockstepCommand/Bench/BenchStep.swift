import ArgumentParser
import Lockstep
import ModelZoo

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

  @Option(help: "How many steps are timed, after a tenth as many, at least 2, that are not.")
  var steps = 200

  @Option(help: "How parameters and activations are stored.")
  var precision = Precision.float32

  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws { try require("--steps", steps) }

  func run() throws {
    threads.apply()
    try withCommunicator { world in
      let session = workload.make(world, precision)
      var loss = Double.nan
      for _ in 0..<max(2, steps / 10) { loss = try session.step() }
      var seconds: [Double] = []
      for _ in 0..<steps {
        let start = monotonicSeconds()
        loss = try session.step()
        seconds.append(monotonicSeconds() - start)
      }
      let peak = world.maximum(Double(peakResidentBytes()) / 1e6)
      let globalLoss = world.sum([loss])[0] / Double(world.size)
      if world.isRoot { report(Timings(seconds), session.batchSize, world.size, peak, globalLoss) }
    }
  }

  private func report(
    _ timings: Timings, _ batchSize: Int, _ ranks: Int, _ peak: Double, _ loss: Double
  ) {
    let rate = Double(batchSize * ranks) / timings.median
    guard json else {
      print(
        """
        \(workload.rawValue): \(ranks) rank(s) x \(Threads.count) thread(s), \(precision)
        step  \((timings.median * 1e3).text(3)) ms median  \
        (\((timings.quantile(0.1) * 1e3).text(3)) ... \((timings.quantile(0.9) * 1e3).text(3)), 10 % ... 90 %)
        rate  \(rate.text(0)) samples/s
        peak memory  \(peak.text(1)) MB
        """)
      return
    }
    print(
      JSONObject([
        "workload": .text(workload.rawValue), "ranks": .integer(ranks),
        "threads": .integer(Threads.count), "precision": .text(precision.rawValue),
        "step_ms_median": .number(timings.median * 1e3),
        "step_ms_p10": .number(timings.quantile(0.1) * 1e3),
        "step_ms_p90": .number(timings.quantile(0.9) * 1e3), "items_per_second": .number(rate),
        "peak_rss_mb": .number(peak), "loss": .number(loss),
      ]))
  }
}
