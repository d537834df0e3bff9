import Lockstep
package import Support

/// What there is to count in samples that a model is judged by. A total is that of all ranks only
/// when it was summed over them.
struct EvaluationTotals {
  /// The losses added up.
  var loss = 0.0
  /// How many predictions they are of.
  var predictions = 0.0
  /// How many of these named the right class.
  var correct = 0.0
  var samples = 0.0
  /// The targets that are numbers, and their squares, added up.
  var targets = 0.0
  var squaredTargets = 0.0

  /// Counts classes: `targets` `[samples]`, of which `output` `[samples, classes]` is the logits.
  init(ofClasses targets: Tensor, predictedBy output: Tensor) {
    loss = crossEntropy(output, targets, reduction: .sum).item()
    samples = Double(targets.shape[0])
    predictions = samples
    correct = Double(correctPredictions(output, targets))
  }

  /// Counts numbers: as many in `targets` as in `output`.
  init(ofNumbers targets: Tensor, predictedBy output: Tensor) {
    loss = mseLoss(output, targets, reduction: .sum).item()
    samples = Double(targets.shape[0])
    predictions = Double(targets.count)
    for target in targets.array(of: Float.self) {
      self.targets += Double(target)
      squaredTargets += Double(target) * Double(target)
    }
  }

  init(loss: Double = 0, predictions: Double = 0, samples: Double = 0) {
    (self.loss, self.predictions, self.samples) = (loss, predictions, samples)
  }

  /// The part of the targets' variance that predictions explain; nil where there is none to explain.
  var determination: Double? {
    let variation = squaredTargets - targets * targets / predictions
    return variation > 1e-12 * squaredTargets ? 1 - loss / variation : nil
  }

  mutating func add(_ other: EvaluationTotals) {
    for field in Self.fields { self[keyPath: field] += other[keyPath: field] }
  }

  /// Those of all ranks together.
  func summed(over world: any Communicator) -> EvaluationTotals {
    var result = self
    let sums = world.sum(Self.fields.map { self[keyPath: $0] })
    for (field, sum) in zip(Self.fields, sums) { result[keyPath: field] = sum }
    return result
  }

  private static var fields: [WritableKeyPath<EvaluationTotals, Double>] {
    [\.loss, \.predictions, \.correct, \.samples, \.targets, \.squaredTargets]
  }
}

/// The quality of a model on samples that it was not trained on.
package struct EvaluationResult {
  /// `test`, or `validation` for text.
  let split: String
  /// The mean loss over all predictions.
  let loss: Double
  /// The share of samples whose class is right; nil where there are no classes.
  let accuracy: Double?
  /// The part of the targets' variance that is explained (R²); nil where targets are no numbers.
  let r2: Double?
  /// How many samples there are.
  package let samples: Int

  init(
    split: String, _ totals: EvaluationTotals, lossUnit: Double = 1, accuracy: Double? = nil,
    r2: Double? = nil
  ) {
    self.split = split
    loss = totals.loss / totals.predictions * lossUnit
    self.accuracy = accuracy
    self.r2 = r2
    samples = Int(totals.samples)
  }

  /// As in `test loss 0.0812  accuracy 97.51 %`.
  package var text: String {
    "\(split) loss \(loss.lossText)"
      + (accuracy.map { "  accuracy \(($0 * 100).text(2)) %" } ?? "")
      + (r2.map { "  R² \($0.text(4))" } ?? "")
  }

  /// As members of a line of metrics.
  var metrics: Metrics {
    [
      "split": .text(split), "loss": .number(loss), "accuracy": accuracy.map { .number($0) },
      "r2": r2.map { .number($0) },
    ]
  }

  /// The higher, the better: the accuracy where there are classes, else what the loss says.
  var score: Double { accuracy ?? -loss }

  /// As members of a line of JSON.
  package var members: [(key: String, value: JSONObject.Value?)] {
    [
      ("split", .text(split)), ("loss", .number(loss)),
      ("accuracy", accuracy.map { .number($0) }), ("r2", r2.map { .number($0) }),
    ]
  }
}

extension LearningTask {
  /// Evaluates `model` on `samples`: the ranks of `world` share them, each is counted once.
  ///
  /// - Throws: on all ranks, if the loss is not finite.
  func evaluate(
    _ model: any Layer, storedAs precision: Precision, on samples: any Dataset,
    over world: any Communicator
  ) throws -> EvaluationResult {
    model.eval()
    var totals = EvaluationTotals()
    noGrad {
      for (inputs, targets) in DataLoader(
        samples, batchSize: evaluationBatch, shardedOver: world
      ).epoch(0) where inputs.shape[0] > 0 {
        totals.add(
          self.totals(model.float32Output(for: inputs, storedAs: precision.dtype), targets))
      }
    }
    let result = result(of: totals.summed(over: world))
    guard result.loss.isFinite else {
      throw NonFiniteError.evaluation(result.split, result.loss)
    }
    return result
  }

  /// How many samples of `shape` are evaluated at a time.
  func evaluationBatch(ofShape shape: Shape) -> Int {
    max(16, min(1000, 200_000 / max(1, shape.elementCount)))
  }
}
