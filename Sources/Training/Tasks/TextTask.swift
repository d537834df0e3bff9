import Lockstep
import Support

/// To predict the next character of a text.
struct TextTask: LearningTask {
  static let kind = "text"

  /// The characters that the run knows.
  let vocabulary: CharacterVocabulary
  /// How many characters a model sees at a time.
  let context: Int
  /// A digest of the file that the run learned from.
  private let file: UInt64

  private static let advice = "check the path of the text"
  private static let contextOfRuns = 64

  static let formats = [
    DataFormat(
      name: "text", place: "FILE", kind: kind, prepare: { try prepare($0, $1) })
  ]

  private static func prepare(_ path: String, _ options: TaskOptions) throws -> PreparedTask {
    let text = try CharacterText(path)
    let task = TextTask(
      vocabulary: text.vocabulary, context: contextOfRuns,
      file: try digest(ofFile: path, advice: advice))
    return PreparedTask(
      task: task,
      training: TextWindows(tokens: text.train, context: contextOfRuns, seed: options.seed),
      heldOut: try text.validation.consecutiveWindows(of: contextOfRuns))
  }

  /// What a text begins with where nothing is asked for: a line end, if it has one.
  var beginning: String {
    vocabulary.decode([Int32(vocabulary.characters.firstIndex(of: "\n") ?? 0)])
  }

  private init(vocabulary: CharacterVocabulary, context: Int, file: UInt64) {
    self.vocabulary = vocabulary
    self.context = context
    self.file = file
  }

  func heldOut(of data: EvaluationData) throws -> any Dataset {
    guard data.source.format.kind == Self.kind else {
      throw RunError.otherKind(data.source, of: Self.kind)
    }
    let path = data.source.place
    let text = try CharacterText(path, knowing: vocabulary)
    let isOwn = try digest(ofFile: path, advice: Self.advice) == file
    if data.isPlaceOfRun, !isOwn { throw RunError.changedData(path) }
    return try (isOwn ? text.validation : text.whole).consecutiveWindows(of: context)
  }
}

/// Windows of a text at random places.
private struct TextWindows: TrainingSamples {
  let tokens: TokenSequence
  let context: Int
  let seed: UInt64

  var size: String { "\(tokens.count) characters" }

  /// A text has no natural passes: as many windows as hold it once.
  func stepsPerEpoch(batch: Int) -> Int { max(1, tokens.count / (context * batch)) }

  func samples(forSteps steps: Int, batch: Int) throws -> any Dataset {
    try tokens.randomWindows(of: context, count: steps * batch, seed: seed)
  }

  var isShuffled: Bool { false }
  var evaluationInterval: Int? { 500 }
}

// MARK: - Judging

extension TextTask {
  var signature: ModelSignature {
    ModelSignature(input: .characters(context: context), outputs: vocabulary.count)
  }

  var lossUnit: Double { 1 }
  var split: String { "validation" }
  var evaluationBatch: Int { 64 }

  func loss(_ output: Tensor, _ targets: Tensor) -> Tensor {
    crossEntropy(output.flattened(to: 1), targets.flattened())
  }

  func totals(_ output: Tensor, _ targets: Tensor) -> EvaluationTotals {
    let loss = crossEntropy(output.flattened(to: 1), targets.flattened(), reduction: .sum).item()
    return EvaluationTotals(
      loss: loss, predictions: (targets .>= 0).sum().item(),  // -100 is not predicted
      samples: Double(targets.shape[0]))
  }

  func result(of totals: EvaluationTotals) -> EvaluationResult {
    EvaluationResult(split: split, totals)
  }
}

// MARK: - What a run remembers

extension TextTask {
  var record: JSONObject {
    JSONObject([
      "characters": .text(vocabulary.decode(0..<Int32(vocabulary.count))),
      "context": .integer(context), "file": .text(hexadecimal(file)),
    ])
  }

  init(reading reader: inout JSONReader) throws(HeaderProblem) {
    let noun = "text"
    var (characters, context, file): (String?, Int?, UInt64?)
    try reader.readMembers(of: noun) { (reader, key) throws(HeaderProblem) in
      switch key {
      case "characters": characters = try reader.readString("the characters")
      case "context": context = try reader.readInteger()
      case "file": file = try reader.readDigest()
      default: throw unknownMember(key, of: noun)
      }
    }
    let limit = CharacterVocabulary.maximumCount
    guard let scalars = characters.map({ Array($0.unicodeScalars) }), !scalars.isEmpty,
      scalars.count <= limit, zip(scalars, scalars.dropFirst()).allSatisfy({ $0 < $1 })
    else { throw missing("from 1 to \(limit) characters in ascending order", of: noun) }
    guard let context, (1...1024).contains(context) else {
      throw missing("a context from 1 to 1024", of: noun)
    }
    guard let file else { throw missing("the digest of its file", of: noun) }
    self.init(vocabulary: CharacterVocabulary(of: scalars), context: context, file: file)
  }
}
