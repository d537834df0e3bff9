import Lockstep
import Support

/// What a run learns: how samples become a loss and a verdict, and what of its data a run has to
/// remember, for its weights mean nothing without.
protocol LearningTask: SendableMetatype {
  /// The member of `run.json` that keeps tasks of this kind.
  static var kind: String { get }
  /// What `--data` can name for tasks of this kind.
  static var formats: [DataFormat] { get }

  /// Reads what `record` wrote; refuses what it would not write.
  init(reading reader: inout JSONReader) throws(HeaderProblem)
  /// What the run remembers.
  var record: JSONObject { get }

  /// What a model is given, and what it returns.
  var signature: ModelSignature { get }
  /// The mean loss of `output`, a model's result in Float32, for `targets`: what is made small.
  func loss(_ output: Tensor, _ targets: Tensor) -> Tensor
  /// What a loss of 1 is in the unit that results are told in.
  var lossUnit: Double { get }

  /// What held-out samples are called in results.
  var split: String { get }
  /// How many samples are evaluated at a time: few enough for the activations of a large network.
  var evaluationBatch: Int { get }
  /// What there is to count in a batch.
  func totals(_ output: Tensor, _ targets: Tensor) -> EvaluationTotals
  /// What the totals of all samples say.
  func result(of totals: EvaluationTotals) -> EvaluationResult

  /// The samples of `data` that the run did not learn from, read as it read its own. Refuses what
  /// does not fit.
  func heldOut(of data: EvaluationData) throws -> any Dataset
}

/// What a model is given, and how many numbers it returns for each prediction.
struct ModelSignature {
  enum Input {
    /// Samples of this shape.
    case numbers(Shape)
    /// At most so many characters, each as its number; the model returns a number for each that
    /// there is.
    case characters(context: Int)
  }

  let input: Input
  let outputs: Int
}

/// Data that a run is to be judged by.
struct EvaluationData {
  let source: DataSource
  /// Whether it is where the run's own data were.
  let isPlaceOfRun: Bool
  /// The seed that chose what was held out.
  let seed: UInt64
}

/// What a task and the samples to learn it from are made of.
struct PreparedTask {
  let task: any LearningTask
  let training: any TrainingSamples
  let heldOut: any Dataset
  /// What the user should know before the run begins.
  var notes: [String] = []
}

/// What options say of a task beside the data.
struct TaskOptions {
  /// The column of a table that is to be predicted.
  var target: String?
  /// The columns of a table that are left out.
  var ignored: Set<String>
  /// What a table's target is; nil where nothing was said.
  var loss: LossName?
  /// Decides what is held out of a table, and which windows of a text are drawn.
  var seed: UInt64
}

/// All kinds of tasks.
let taskKinds: [any LearningTask.Type] = [ImageTask.self, TableTask.self, TextTask.self]
