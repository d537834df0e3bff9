import Lockstep

/// A run that has ended, with what it has learned.
struct TrainedRun {
  let record: RunRecord
  let model: any Layer
  /// Where the weights are.
  let weights: String

  /// Opens the run in `directory`.
  ///
  /// - Throws: unless its files are there, are whole and fit each other, and all weights are finite.
  init(in directory: String) throws {
    record = try RunRecord(readingFrom: directory + "/run.json")
    weights = directory + "/model.safetensors"
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
