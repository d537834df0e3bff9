import Lockstep

/// Why a run cannot be opened, or judged by some data.
enum RunError: ReportableError {
  /// Its `run.json` is not the description of a run.
  case malformed(String, String)
  /// It predicts no characters.
  case writesNothing(String, model: ModelName)
  /// Data for another kind of task.
  case otherKind(DataSource, of: String)
  /// Data of the right kind with samples that the model cannot take.
  case otherSamples(DataSource, String)
  /// The run's own data are not what they were.
  case changedData(String)
  /// The run's own data are not where they were.
  case lostData(String)
  /// The data of a run that is to go on are not what they were.
  case otherData(DataSource)
  /// The weights cannot be those of the model that `run.json` describes.
  case otherModel(String, ModelName)

  var description: String {
    switch self {
    case .malformed(let path, let problem): "\(path): \(problem)"
    case .writesNothing(let path, let model):
      "\(path): the run's model is \(model), which does not write text; name a run of gpt, rnn or "
        + "lstm"
    case .otherKind(let data, let kind):
      "--data \(data) is not what the run learned from; it takes "
        + (taskKinds.first { $0.kind == kind }?.formats.map(\.pattern).joined(separator: ", ") ?? "")
    case .otherSamples(let data, let problem):
      "--data \(data) does not fit the run: \(problem)"
    case .changedData(let path):
      "\(path): the file is not what it was when the run learned from it, so that the rows it did "
        + "not learn from are unknown; give data that it did not learn from as --data"
    case .lostData(let path):
      "\(path): the data that the run learned from are not there; say with --data where they are now"
    case .otherData(let data):
      "the data in \(data) are not what they were when the run began, so that it cannot go on with them; "
        + "restore them, or begin a new run"
    case .otherModel(let path, let model):
      "\(path) holds fewer weights than \(model) has as run.json describes it"
    }
  }

  var exitCode: ExitCode {
    switch self {
    case .malformed, .writesNothing, .otherSamples, .changedData, .otherData, .otherModel: .badData
    case .lostData: .missingInput
    case .otherKind: .configuration
    }
  }
}

/// A result that is not a number, or infinite.
enum NonFiniteError: ReportableError {
  /// The loss of a step.
  case loss(Double, step: Int, Precision)
  /// The loss on held-out samples.
  case evaluation(String, Double)
  /// The weights, at the end of a run or in a file.
  case weights(String, tensor: String)
  /// What a model says of the next character.
  case prediction(String)

  var description: String {
    switch self {
    case .loss(let loss, step: 1, let precision):
      "the loss is \(loss) at step 1, with the weights that the run began with; look for extreme "
        + "values in the data"
        + (precision == .float32 ? "" : ", or try --precision float32")
    case .loss(let loss, let step, _):
      "the loss is \(loss) at step \(step); try a smaller --learning-rate or a --clip-norm"
    case .evaluation(let split, let loss):
      "the \(split) loss is \(loss): the weights, or the samples, are too large to compute with; "
        + "train with a smaller --learning-rate or a --clip-norm"
    case .weights(let path, let tensor):
      "\(path): \(tensor) has values that are not finite; train with a smaller --learning-rate or "
        + "a --clip-norm"
    case .prediction(let path):
      "\(path): the model's result is not finite; train with a smaller --learning-rate or a "
        + "--clip-norm"
    }
  }

  var exitCode: ExitCode { .nonFinite }
}

/// Why options of a run do not go together.
enum ConfigurationError: ReportableError {
  case noTarget(String)
  case numbersAsClasses(String, column: String, count: Int)
  case unfit(model: String, data: String, reason: String)

  var description: String {
    switch self {
    case .noTarget(let file): "csv:\(file) needs --target COLUMN, what is to be predicted"
    case .numbersAsClasses(let file, let column, let count):
      "csv:\(file): the target \(column) has \(count) different numbers; --loss mse predicts a "
        + "number, --loss crossEntropy takes each of them for a class"
    case .unfit(let model, let data, let reason):
      "--model \(model) does not fit --data \(data): \(reason)"
    }
  }

  var exitCode: ExitCode { .configuration }
}
