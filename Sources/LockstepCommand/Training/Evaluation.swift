import Lockstep

/// The quality of a model on a data set.
struct EvaluationResult {
  /// The mean loss over all samples.
  let loss: Double
  /// The share of samples whose class is right.
  let accuracy: Double
  /// How many samples there are.
  let samples: Int
}

/// Evaluates `model` on `dataset`: the ranks share the samples, each is counted once.
func evaluate(
  _ model: any Layer, on dataset: any Dataset<Float, Int32>, over world: any Communicator
) -> EvaluationResult {
  model.eval()
  var totals = [0.0, 0.0, 0.0]
  noGrad {
    for (inputs, targets) in DataLoader(dataset, batchSize: 1000, shardedOver: world).epoch(0)
    where inputs.shape[0] > 0 {
      let logits = model(inputs)
      totals[0] += crossEntropy(logits, targets, reduction: .sum).item()
      totals[1] += Double(correctPredictions(logits, targets))
      totals[2] += Double(inputs.shape[0])
    }
  }
  totals = world.sum(totals)
  return EvaluationResult(
    loss: totals[0] / totals[2], accuracy: totals[1] / totals[2], samples: Int(totals[2]))
}
