import ArgumentParser
import Lockstep

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
      let run = try TrainedRun(in: runDir)
      guard let text = run.record.task as? TextTask else {
        throw RunError.writesNothing(runDir + "/run.json", model: run.record.options.model)
      }
      run.model.eval()
      try noGrad { try write(run, text) }
    }
  }

  /// Prints the prompt and what follows, character by character.
  private func write(_ run: TrainedRun, _ text: TextTask) throws {
    let prompt = prompt ?? text.beginning
    var tokens = try text.vocabulary.encode(prompt)
    let generator = Generator(seed: seed)
    for index in 0..<length {
      let window = Array(tokens.suffix(text.context))
      let logits = run.model(Tensor(window).reshaped([1, window.count]))[0, -1].converted(
        to: .float32)
      guard logits.isFinite().all().item() != 0 else {
        throw NonFiniteError.prediction(run.weights)
      }
      if index == 0 { print(prompt, terminator: "") }
      let next = choose(logits, generator)
      tokens.append(next)
      print(text.vocabulary.decode([next]), terminator: "")
    }
    print()
  }

  private func choose(_ logits: Tensor, _ generator: Generator) -> Int32 {
    guard temperature > 0 else { return Int32(logits.argmax().item()) }
    let (values, indices) = logits.topK(min(topK ?? logits.count, logits.count))
    let probabilities = softmax(values / temperature).array(of: Float.self)
    var left = Tensor.uniform([], generator: generator).item()
    let order = indices.array(of: Int64.self)
    for (index, probability) in zip(order, probabilities) {
      left -= Double(probability)
      if left < 0 { return Int32(index) }
    }
    return Int32(order[0])
  }
}
