import Lockstep

/// What a `DataSource` leaves open.
struct TaskOptions: Codable {
  /// The column of a table that is to be predicted.
  var target: String?
  /// The columns of a table that are left out.
  var ignored: [String]?
  /// The value of `--loss`, where it was given.
  var loss: String?
  /// Decides what is held out of a table, and which windows of a text are drawn.
  var seed: UInt64
  /// How many characters of a text a model sees.
  var context = 64
}

extension LearningTask {
  /// Reads the samples of `source`.
  init(_ source: DataSource, _ options: TaskOptions) throws {
    switch source {
    case .digits: self.init(Digits(.train), Digits(.test), .classes(10))
    case .mnist(let directory):
      self.init(
        try MNIST(.train, in: directory), try MNIST(.test, in: directory), .classes(10))
    case .cifar10(let directory):
      let images = try CIFAR10(.train, in: directory, normalized: false)
      self.init(
        images.augmented(
          by: RandomCrop(32, padding: 4), RandomHorizontalFlip(),
          Normalize(mean: CIFAR10.mean, std: CIFAR10.std), seed: options.seed),
        try CIFAR10(.test, in: directory), .classes(10))
    case .csv(let file):
      guard let target = options.target else { throw ConfigurationError.noTarget(file) }
      let ignored = Set(options.ignored ?? [])
      if options.loss == LossName.mse.rawValue {
        let table = try TabularData(
          csv: file, predicting: target, ignoring: ignored, seed: options.seed)
        self.init(table.train, table.test, .numbers(1))
      } else {
        let table = try TabularData(
          csv: file, classifying: target, ignoring: ignored, seed: options.seed)
        self.init(table.train, table.test, .classes(table.classes.count))
      }
    case .text(let file):
      let text = try CharacterText(file)
      self.init(
        try text.train.randomWindows(of: options.context, count: 1, seed: options.seed),
        try text.validation.consecutiveWindows(of: options.context),
        .characters(text.vocabulary, context: options.context))
    }
  }

  private init(_ training: any Dataset, _ heldOut: any Dataset, _ goal: Goal) {
    (self.training, self.heldOut, self.goal) = (training, heldOut, goal)
  }
}

extension LearningTask {
  /// How many steps of `batch` samples make a pass over the training data. A text has no natural
  /// passes: as many windows as hold it once.
  func stepsPerEpoch(batch: Int) -> Int {
    guard let windows = training as? RandomWindows else {
      return (training.count + batch - 1) / batch
    }
    return max(1, windows.tokens.count / (windows.context * batch))
  }

  /// Draws `count` windows of a text, which make one epoch; leaves other samples alone.
  mutating func drawWindows(_ count: Int, seed: UInt64) throws {
    guard let windows = training as? RandomWindows else { return }
    training = try windows.tokens.randomWindows(of: windows.context, count: count, seed: seed)
  }
}

/// Why options of a run do not go together.
enum ConfigurationError: ReportableError {
  case noTarget(String)
  case unfit(model: String, data: String, reason: String)

  var description: String {
    switch self {
    case .noTarget(let file): "csv:\(file) needs --target COLUMN, what is to be predicted"
    case .unfit(let model, let data, let reason):
      "--model \(model) does not fit --data \(data): \(reason)"
    }
  }

  var exitCode: ExitCode { .configuration }
}
