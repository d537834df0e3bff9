import Lockstep

/// What a run trains on, and how it goes through it.
protocol TrainingSamples {
  /// How much there is, as in `1442 samples`.
  var size: String { get }
  /// How many steps of `batch` samples make a pass.
  func stepsPerEpoch(batch: Int) -> Int
  /// What a run of `steps` steps of `batch` samples takes its batches from.
  func samples(forSteps steps: Int, batch: Int) throws -> any Dataset
  /// Whether every epoch has an order of its own.
  var isShuffled: Bool { get }
  /// Steps from one evaluation to the next where no option says; nil: an epoch.
  var evaluationInterval: Int? { get }
}

/// Samples of which every epoch has each once.
struct CountedSamples: TrainingSamples {
  let dataset: any Dataset

  var size: String { "\(dataset.count) samples" }
  func stepsPerEpoch(batch: Int) -> Int { (dataset.count + batch - 1) / batch }
  func samples(forSteps steps: Int, batch: Int) -> any Dataset { dataset }
  var isShuffled: Bool { true }
  var evaluationInterval: Int? { nil }
}
