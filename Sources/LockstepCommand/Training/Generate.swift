import ArgumentParser
import Lockstep

/// `lockstep generate`
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write text with a trained model of text, after a prompt.")

  @Option(help: "The directory of a finished training run of gpt, rnn or lstm.")
  var runDir: String

  @Option(help: "How the text begins; of characters that the model has seen.")
  var prompt = "\n"

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
    if prompt.isEmpty { throw ValidationError("--prompt is empty; it needs a character.") }
    if !(temperature >= 0 && temperature.isFinite) {
      throw ValidationError("--temperature is \(temperature); it must be 0 or more.")
    }
  }

  func run() throws {
    threads.apply()
    try withCommunicator { world in
      guard world.isRoot else { return }
      let path = runDir + "/run.json"
      let run = try RunConfiguration(readingFrom: path)
      guard let characters = run.characters else {
        throw RunConfigurationError.unknown(path, key: "model of text", value: run.model)
      }
      let vocabulary = CharacterVocabulary(of: characters.unicodeScalars)
      let model = try run.modelName(path).make(
        for: .characters(vocabulary, context: run.options.context), inputShape: [],
        data: run.data, seed: 0)
      model.convert(to: run.precision.dtype)
      try model.load(from: runDir + "/model.safetensors")
      model.eval()
      try write(model, vocabulary, context: run.options.context)
    }
  }

  /// Prints the prompt and what follows, character by character.
  private func write(
    _ model: any Layer, _ vocabulary: CharacterVocabulary, context: Int
  ) throws {
    var tokens = try vocabulary.encode(prompt)
    let generator = Generator(seed: seed)
    print(prompt, terminator: "")
    noGrad {
      for _ in 0..<length {
        let window = Array(tokens.suffix(context))
        let logits = model(Tensor(window).reshaped([1, window.count]))[0, -1].converted(
          to: .float32)
        let next = choose(logits, generator)
        tokens.append(next)
        print(vocabulary.decode([next]), terminator: "")
      }
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
