import Lockstep

/// How the next character of a text is chosen among those that a model thinks likely.
package struct Sampling {
  private let temperature: Float
  private let topK: Int?
  private let generator: Generator

  /// - Parameters:
  ///   - temperature: Above 1 for more variety, below for less; 0 takes the likeliest character always.
  ///   - topK: Choose among so many of the likeliest characters only; nil: among all.
  ///   - seed: Decides the choices.
  package init(temperature: Float, topK: Int?, seed: UInt64) {
    self.temperature = temperature
    self.topK = topK
    generator = Generator(seed: seed)
  }

  /// The number of the character that comes next, by a model's `logits` `[characters]`.
  func next(_ logits: Tensor) -> Int32 {
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

extension TrainedRun {
  /// Gives `write` the prompt and then `length` characters that the model puts after it, one by one. A
  /// prompt that is nil is a line end, or the first of the run's characters where it knows no line end.
  ///
  /// - Throws: unless the run learned a text and knows the characters of the prompt, where the
  ///   model's result is not finite, and what `write` throws.
  package func writeText(
    after prompt: String?, length: Int, _ sampling: Sampling, to write: (String) throws -> Void
  ) throws {
    guard let text = record.task as? TextTask else {
      throw RunError.writesNothing(directory + "/run.json", model: record.options.model)
    }
    model.eval()
    let prompt = prompt ?? text.beginning
    var tokens = try text.vocabulary.encode(prompt)
    try noGrad {
      for index in 0..<length {
        let window = Array(tokens.suffix(text.context))
        let logits = model(Tensor(window).reshaped([1, window.count]))[0, -1].converted(
          to: .float32)
        guard logits.isFinite().all().item() != 0 else {
          throw NonFiniteError.prediction(weights)
        }
        if index == 0 { try write(prompt) }
        let next = sampling.next(logits)
        tokens.append(next)
        try write(text.vocabulary.decode([next]))
      }
    }
  }
}
