import FoundationEssentials
import Lockstep

/// What `lockstep evaluate` must know of a run: kept as `run.json` beside its results.
struct RunConfiguration: Codable {
  let model: String
  let data: String

  init(model: ModelName, data: DataSource) {
    self.model = model.rawValue
    self.data = data.description
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
    let object = JSONObject(["model": .text(model), "data": .text(data)])
    var file = try AtomicFile(path)
    try file.append(object.description + "\n")
    try file.commit()
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
      "\(path): not the description of a run, expected an object with model and data; train again"
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
