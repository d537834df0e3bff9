import ArgumentParser
import Lockstep
import Training

/// `lockstep generate`
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write text with a trained model of text, after a prompt.")

  @Option(help: "The directory of a finished training run of gpt, rnn or lstm.")
  var runDir: String

  @Option(
    help: """
      How the text begins; of characters that the model has seen (default: a line end, or where it \
      has seen none, the first of its characters).
      """)
  var prompt: String?

  @Option(help: "How many characters follow.")
  var length = 500

  @Option(help: "Above 1 for more variety, below for less; 0 takes the likeliest character always.")
  var temperature: Float = 0.8

  @Option(help: "Choose among so many of the likeliest characters only (default: all).")
  var topK: Int?

  @Option(help: "Decides the choices.")
  var seed: UInt64 = 0

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    try require("--length", length)
    try require("--top-k", topK)
    if prompt == "" { throw ValidationError("--prompt is empty; it needs a character.") }
    if !(temperature >= 0 && temperature.isFinite) {
      throw ValidationError("--temperature is \(temperature); it must be 0 or more.")
    }
  }

  func run() throws {
    threads.apply()
    try withCommunicator { world in
      guard world.isRoot else { return }
      let sampling = Sampling(temperature: temperature, topK: topK, seed: seed)
      try TrainedRun(in: runDir).writeText(after: prompt, length: length, sampling) {
        try printResult($0, terminator: "")
      }
      try printResult("")
    }
  }
}
