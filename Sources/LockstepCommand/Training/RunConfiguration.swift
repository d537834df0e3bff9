import FoundationEssentials
import Lockstep

/// What `lockstep evaluate` and `generate` must know of a run: kept as `run.json` beside its results.
struct RunConfiguration: Codable {
  let model: String
  let data: String
  let options: TaskOptions
  private let storedAs: Precision?
  /// The characters that a model of text knows, in the order of their numbers.
  let characters: String?

  /// How the model's weights are stored; runs that do not say so are in Float32.
  var precision: Precision { storedAs ?? .float32 }

  private enum CodingKeys: String, CodingKey {
    case model, data, options, characters
    case storedAs = "precision"
  }

  init(
    model: ModelName, data: DataSource, _ options: TaskOptions, _ precision: Precision,
    _ goal: LearningTask.Goal
  ) {
    self.model = model.rawValue
    self.data = data.description
    self.options = options
    storedAs = precision
    if case .characters(let vocabulary, _) = goal {
      characters = vocabulary.decode(0..<Int32(vocabulary.count))
    } else {
      characters = nil
    }
  }

  init(readingFrom path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw RunConfigurationError.missing(path)
    }
    do {
      self = try JSONDecoder().decode(Self.self, from: data)
    } catch {
      throw RunConfigurationError.malformed(path)
    }
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var file = try AtomicFile(path)
    try file.append(String(decoding: try encoder.encode(self), as: UTF8.self) + "\n")
    try file.commit()
  }

  /// The name of the model of the run described at `path`.
  func modelName(_ path: String) throws -> ModelName {
    guard let name = ModelName(rawValue: model) else {
      throw RunConfigurationError.unknown(path, key: "model", value: model)
    }
    return name
  }
}

/// Why a run cannot be evaluated.
enum RunConfigurationError: ReportableError {
  case missing(String)
  case malformed(String)
  case unknown(String, key: String, value: String)

  var description: String {
    switch self {
    case .missing(let path):
      "\(path): no such file; is this the --run-dir of a finished training run?"
    case .malformed(let path):
      "\(path): not the description of a run, expected an object with model, data and options; train again"
    case .unknown(let path, let key, let value): "\(path): \(key) '\(value)' is not known"
    }
  }

  var exitCode: ExitCode {
    switch self {
    case .missing: .missingInput
    case .malformed, .unknown: .badData
    }
  }
}
