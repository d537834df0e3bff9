import ArgumentParser
import Lockstep

/// `lockstep train`
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model; under mpirun, on all ranks together.",
    discussion: """
      Writes metrics.jsonl (a line for every step and evaluation) and model.safetensors to the run \
      directory. Results depend on the seed and the options, and on the number of ranks only by rounding.
      """)

  @Option(help: "The network: mlp (784-512-512-10 for MNIST).")
  var model = ModelName.mlp

  @Option(help: "digits (built in), or mnist:DIR with the four IDX files, plain or .gz.")
  var data = DataSource.digits

  @Option(help: "Passes over the training data (default: 10).")
  var epochs: Int?

  @Option(help: "Stop after this many steps instead.")
  var steps: Int?

  @Option(help: "Samples in a step, over all ranks.")
  var globalBatch = 64

  @Option(help: "sgd (momentum 0.9), adam or adamw.")
  var optimizer = OptimizerName.adamw

  @Option(help: "The learning rate (default: 0.05 for sgd, 0.001 for adam and adamw).")
  var learningRate: Float?

  @Option(help: "cosine (to a tenth at the end of the run) or constant.")
  var schedule = ScheduleName.cosine

  @Option(help: "Steps at the start over which the learning rate climbs.")
  var warmup = 0

  @Option(help: "Decides the initial weights and the order of samples.")
  var seed: UInt64 = 0

  @Option(
    help: "Where results go; must not hold those of another run (default: runs/ and the time).")
  var runDir: String?

  @OptionGroup var threads: ThreadOptions

  @OptionGroup var watching: WatchOptions

  @Flag(help: "Show no progress.")
  var quiet = false

  func validate() throws {
    try require("--epochs", epochs)
    try require("--steps", steps)
    try require("--global-batch", globalBatch)
    try require("--warmup", warmup, in: 0...counts.upperBound)
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate is \(learningRate); it must be positive.")
    }
    if runDir == "" { throw ValidationError("--run-dir is empty; it must be a path.") }
    if epochs != nil, steps != nil {
      throw ValidationError("--epochs and --steps cannot both be given.")
    }
  }

  func run() throws {
    threads.apply()
    try withCommunicator { world in
      watching.apply(to: world)
      try TrainingRun(self, world).run()
    }
  }
}
