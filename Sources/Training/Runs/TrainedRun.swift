package import Lockstep

/// A run that has ended, with what it has learned.
package struct TrainedRun {
  let record: RunRecord
  let model: any Layer
  /// Where its files are.
  let directory: String

  /// Where the weights are.
  var weights: String { directory + "/model.safetensors" }

  /// Opens the run in `directory`.
  ///
  /// - Throws: unless its files are there, are whole and fit each other, and all weights are finite.
  package init(in directory: String) throws {
    self.directory = directory
    record = try RunRecord(readingFrom: directory + "/run.json")
    let weights = directory + "/model.safetensors"
    let options = record.options
    let signature = record.task.signature
    // Before memory is taken for a model as large as run.json says.
    let file = try SafeTensors.read(weights)
    let stored = file.names.reduce(0) { sum, name in
      sum + (file.entry(name)?.shape.reduce(1, *) ?? 0)
    }
    guard stored >= options.model.leastWeights(for: signature) else {
      throw RunError.otherModel(weights, options.model)
    }
    do {
      model = try options.model.make(for: signature, data: record.data, seed: 0)
    } catch let error as ConfigurationError {
      throw RunError.malformed(directory + "/run.json", error.description)
    }
    model.convert(to: options.precision.dtype)
    try model.load(from: weights)
    try model.requireFinite(weights)
  }
}

extension TrainedRun {
  /// Evaluates the model on what the run did not learn from: `data`, or where that is nil, the data
  /// that it held out itself. The ranks of `world` share the samples.
  ///
  /// - Throws: where the data are not there or do not fit, and where the loss is not finite.
  package func evaluate(
    on data: DataSource?, over world: any Communicator
  ) throws -> EvaluationResult {
    let samples = try heldOut(of: data)
    try samples.requireSamples(forRanks: world.size)
    return try record.task.evaluate(
      model, storedAs: record.options.precision, on: samples, over: world)
  }

  private func heldOut(of data: DataSource?) throws -> any Dataset {
    do {
      return try record.task.heldOut(
        of: EvaluationData(
          source: data ?? record.data, isPlaceOfRun: data == nil, seed: record.options.seed))
    } catch DataError.missing(let path, _) where data == nil {
      throw RunError.lostData(path)
    }
  }
}

extension Layer {
  /// Throws unless all parameters and buffers are finite; `name` says whose they are.
  func requireFinite(_ name: String) throws {
    for (path, tensor) in stateDictionary() where tensor.dtype.isFloatingPoint {
      guard tensor.isFinite().all().item() != 0 else {
        throw NonFiniteError.weights(name, tensor: path)
      }
    }
  }
}
