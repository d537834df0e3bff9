import Lockstep

/// What is to be learned: samples to train on, others to judge by, and how results are judged.
struct LearningTask {
  /// What a model predicts.
  enum Goal {
    /// One of so many classes.
    case classes(Int)
    /// So many numbers.
    case numbers(Int)
    /// The next character, at every step of a window of `context`.
    case characters(CharacterVocabulary, context: Int)
  }

  var training: any Dataset
  /// The samples to judge by.
  let heldOut: any Dataset
  let goal: Goal
  /// How models store parameters and activations.
  var precision = Precision.float32

  /// What the held-out samples are called in results.
  var split: String { if case .characters = goal { "validation" } else { "test" } }

  /// How many numbers a model returns for each prediction.
  var outputs: Int {
    switch goal {
    case .classes(let count), .numbers(let count): count
    case .characters(let vocabulary, _): vocabulary.count
    }
  }

  /// The loss of `model` on a batch.
  func loss(of model: any Layer, on inputs: Tensor, _ targets: Tensor) -> Tensor {
    loss(precision.output(of: model, for: inputs), targets)
  }

  /// The loss of `output`, a model's result in Float32, for `targets`.
  func loss(_ output: Tensor, _ targets: Tensor, reduction: LossReduction = .mean) -> Tensor {
    switch goal {
    case .classes: crossEntropy(output, targets, reduction: reduction)
    case .numbers: mseLoss(output, targets, reduction: reduction)
    case .characters:
      crossEntropy(output.flattened(to: 1), targets.flattened(), reduction: reduction)
    }
  }

  /// What `evaluate` counts of a batch: the losses, the predictions, the right ones, the samples.
  fileprivate func totals(_ output: Tensor, _ targets: Tensor) -> [Double] {
    let loss = loss(output, targets, reduction: .sum).item()
    let samples = Double(targets.shape[0])
    switch goal {
    case .classes: return [loss, samples, Double(correctPredictions(output, targets)), samples]
    case .numbers(let count): return [loss, samples * Double(count), 0, samples]
    case .characters:
      let predictions = (targets .>= 0).sum().item()  // -100 is not predicted
      return [loss, predictions, 0, samples]
    }
  }

  /// Samples that are evaluated at a time: few enough for the activations of a large network.
  private var evaluationBatch: Int {
    if case .characters = goal { return 64 }
    return max(16, min(1000, 200_000 / max(1, heldOut.inputShape.elementCount)))
  }

  /// Evaluates `model` on the held-out samples: the ranks of `world` share them, each is counted
  /// once.
  func evaluate(_ model: any Layer, over world: any Communicator) -> EvaluationResult {
    model.eval()
    var totals = [0.0, 0.0, 0.0, 0.0]
    let batchSize = evaluationBatch
    noGrad {
      for (inputs, targets) in DataLoader(heldOut, batchSize: batchSize, shardedOver: world)
        .epoch(0) where inputs.shape[0] > 0
      {
        let output = precision.output(of: model, for: inputs)
        totals = zip(totals, self.totals(output, targets)).map(+)
      }
    }
    totals = world.sum(totals)
    let isClassified = if case .classes = goal { true } else { false }
    return EvaluationResult(
      split: split, loss: totals[0] / totals[1],
      accuracy: isClassified ? totals[2] / totals[1] : nil, samples: Int(totals[3]))
  }
}

/// The quality of a model on samples that it was not trained on.
struct EvaluationResult {
  /// `test`, or `validation` for text.
  let split: String
  /// The mean loss over all predictions.
  let loss: Double
  /// The share of samples whose class is right; nil where there are no classes.
  let accuracy: Double?
  /// How many samples there are.
  let samples: Int

  /// As in `test loss 0.0812  accuracy 97.51 %`.
  var text: String {
    "\(split) loss \(loss.text(4))"
      + (accuracy.map { "  accuracy \(($0 * 100).text(2)) %" } ?? "")
  }
}
