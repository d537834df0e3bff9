import ArgumentParser
import Lockstep
import Training

/// `lockstep train`
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model; under mpirun, on all ranks together.",
    discussion: """
      Writes metrics.jsonl (a line for every step and evaluation) and model.safetensors to the run \
      directory. Results depend on the seed and the options, and on the number of ranks only by \
      rounding. What no option says is as the model's recipe has it: mlp 10 epochs in batches of \
      64, lenet 5, both AdamW 1e-3; resnet20 160 epochs in batches of 128, SGD 0.1; gpt 2,000 steps \
      in batches of 12, AdamW 1e-3, warm-up 100, clipped to 1; rnn and lstm 2,000 steps in batches \
      of 32, AdamW 2e-3, clipped to 1.
      """)

  @OptionGroup var options: TrainingOptions

  func run() throws {
    options.threads.apply()
    options.watching.apply()
    try withCommunicator { world in
      var run = try TrainingRun(options, words: CommandLine.arguments, world)
      try run.train()
    }
  }
}
