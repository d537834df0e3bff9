import Diagnostics
public import TensorCore

/// What an optimiser needs to go on where another one stopped.
///
/// Keys are `<parameter>.<name>`, as in `hidden.0.weight.exp_avg`; a parameter's name is the path
/// that the caller gives it, or its index. Hyperparameters are part of the program, not of the
/// state, but for the learning rate, which changes in a run.
public struct OptimizerState {
  /// Which optimiser it is of.
  public var optimizerName: String
  /// The state tensors.
  public var tensors: [String: Tensor]
  /// The learning rate under `learning_rate`, and every parameter's number of updates under
  /// `<parameter>.step`.
  public var numbers: [String: Double]

  /// A state that was read from somewhere.
  public init(optimizerName: String, tensors: [String: Tensor], numbers: [String: Double]) {
    self.optimizerName = optimizerName
    self.tensors = tensors
    self.numbers = numbers
  }
}

/// Parameters with the names that a saved state calls them by, such as `model.namedParameters()`.
public typealias NamedParameters = [(name: String, tensor: Tensor)]

extension Optimizer {
  /// The state, with parameters named by their index.
  public var state: OptimizerState { state(naming: indexed) }

  /// The state, with parameters named as in `names`, which must have them all.
  ///
  /// Its tensors share the optimiser's memory: write or copy them before the next step. Stops where
  /// the state is shared out over ranks: use `gatherState(over:naming:)`.
  public func state(naming names: NamedParameters) -> OptimizerState {
    check(
      memory.division == nil,
      """
      \(memory.optimizerName).state: shared out over ranks by shardState(over:); call gatherState(over:) on \
      all of them
      """)
    return state(naming: names) { name, index in memory.tensor(name, of: index) }
  }

  /// The state whose tensors are what `tensor` says.
  package func state(
    naming names: NamedParameters, _ tensor: (_ name: String, _ index: Int) -> Tensor?
  ) -> OptimizerState {
    let entries = memory.entries(naming: names)
    return OptimizerState(
      optimizerName: memory.optimizerName,
      tensors: Dictionary(
        uniqueKeysWithValues: entries.tensors.compactMap { entry in
          tensor(entry.name, entry.index).map { (entry.key, $0) }
        }),
      numbers: Dictionary(
        uniqueKeysWithValues: entries.steps.map { ($0, Double(memory.steps[$1])) }
          + [(learningRateKey, Double(learningRate))]))
  }

  /// Goes on from `state`, which was saved without names: the next steps have the same bits as
  /// those of the optimiser that it is of.
  ///
  /// - Throws: `OptimizerStateError`; nothing is changed then.
  public func load(state: OptimizerState) throws { try load(state: state, naming: indexed) }

  /// Goes on from `state`, whose parameters are named as in `names`, which must have them all.
  ///
  /// - Throws: `OptimizerStateError`; nothing is changed then.
  public func load(state: OptimizerState, naming names: NamedParameters) throws {
    try prepareLoad(state: state, naming: names)()
  }

  /// Finds out whether `state` fits; what is returned then goes on from it, and cannot fail.
  package func prepareLoad(
    state: OptimizerState, naming names: NamedParameters
  ) throws -> () -> Void {
    let entries = memory.entries(naming: names)
    guard state.optimizerName == memory.optimizerName else {
      throw OptimizerStateError.otherOptimizer(
        expected: memory.optimizerName, found: state.optimizerName)
    }
    let numberKeys = entries.steps.map(\.key) + [learningRateKey]
    let expected = Set(entries.tensors.map(\.key) + numberKeys)
    let missing =
      entries.tensors.map(\.key).filter { state.tensors[$0] == nil }
      + numberKeys.filter { state.numbers[$0] == nil }
    let unexpected = (Array(state.tensors.keys) + state.numbers.keys).filter {
      !expected.contains($0)
    }
    let mismatched =
      entries.tensors.compactMap { entry in
        state.tensors[entry.key].flatMap { mismatch(entry.key, $0, parameters[entry.index].shape) }
      }
      + numberKeys.compactMap { key in state.numbers[key].flatMap { mismatch(key, $0) } }
    guard missing.isEmpty, unexpected.isEmpty, mismatched.isEmpty else {
      throw OptimizerStateError.misfit(
        optimizer: memory.optimizerName, missing: missing, unexpected: unexpected.sorted(),
        mismatched: mismatched)
    }
    return {
      for entry in entries.tensors {
        guard let source = state.tensors[entry.key] else { continue }
        self.memory.tensor(entry.name, of: entry.index)?.assign(source)
        self.memory.versions[entry.index] = nil
      }
      for (key, index) in entries.steps {
        if let steps = state.numbers[key] { self.memory.steps[index] = Int(steps) }
      }
      if let rate = state.numbers[learningRateKey] { self.learningRate = Float(rate) }
    }
  }

  /// The part of the state that this rank keeps: all of it, unless it is shared out.
  package func ownState(naming names: NamedParameters) -> OptimizerState {
    state(naming: names) { name, index in memory.tensor(name, of: index) }
  }

  /// The parameters, named by their index.
  package var indexed: NamedParameters {
    parameters.enumerated().map { (name: String($0.offset), tensor: $0.element) }
  }

  private func mismatch(_ key: String, _ found: Tensor, _ shape: Shape) -> String? {
    found.shape == shape && found.dtype == .float32
      ? nil : "\(key) is \(found.dtype) \(found.shape) instead of float32 \(shape)"
  }

  private func mismatch(_ key: String, _ found: Double) -> String? {
    if key == learningRateKey {
      return found >= 0 && found.isFinite
        ? nil : "\(key) is \(found) instead of a rate that is not negative"
    }
    return found >= 0 && found < 0x1p53 && found == found.rounded()
      ? nil : "\(key) is \(found) instead of a number of steps"
  }
}

private let learningRateKey = "learning_rate"

extension OptimizerMemory {
  /// The state tensors' keys, names and parameters, and the keys of the step counts with the
  /// parameters' indices.
  fileprivate func entries(
    naming names: NamedParameters
  ) -> (
    tensors: [(key: String, name: String, index: Int)], steps: [(key: String, index: Int)]
  ) {
    let named = Dictionary(names.map { (ObjectIdentifier($0.tensor), $0.name) }) { first, _ in
      first
    }
    let paths = parameters.enumerated().map { index, parameter in
      guard let path = named[ObjectIdentifier(parameter)] else {
        stop(
          """
          \(optimizerName): parameter \(index) of shape \(parameter.shape) is not among the \
          \(names.count) that were named for its state; name all parameters
          """)
      }
      return path
    }
    check(
      Set(paths).count == paths.count,
      "\(optimizerName): two parameters have the same name for their state; name each differently")
    let tensors = paths.enumerated().flatMap { index, path in
      namesOfState(of: index).map { (key: "\(path).\($0)", name: $0, index: index) }
    }
    return (tensors, paths.enumerated().map { (key: "\($0.element).step", index: $0.offset) })
  }
}
