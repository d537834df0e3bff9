public import NeuralNet
public import Support
public import TensorCore

extension Module {
  /// Every tensor of the model, parameters and buffers, under its path; a tied tensor under each of
  /// its paths.
  ///
  /// The tensors are shared with the model, but have no gradient. The paths are the keys of
  /// PyTorch's `state_dict`.
  public func stateDictionary() -> [(name: String, tensor: Tensor)] {
    namedTensors().map { ($0.name, $0.tensor.detached()) }
  }

  /// Writes the model's parameters and buffers to the safetensors file at `path`, which changes
  /// whole or not at all.
  ///
  /// ```swift
  /// if world.isRoot { try model.save(to: "model.safetensors") }
  /// ```
  ///
  /// The bytes depend on the values and `metadata` only. A tied tensor is stored once, under the
  /// first of its paths, as the format demands. Optimisers and positions in the data are not in it.
  ///
  /// - Throws: exit code 73 if the file cannot be created, 74 if writing fails.
  public func save(
    to path: String, metadata: [String: String] = ["format": "pt"]
  ) throws(FileError) {
    try SafeTensors.write(storedTensors, metadata: metadata, to: path)
  }

  /// Every tensor of the model once, under the first of its paths.
  package var storedTensors: [(name: String, tensor: Tensor)] {
    slots().map { ($0.paths[0], $0.tensor.detached()) }
  }

  /// Overwrites the model's parameters and buffers with those in the safetensors file at `path`.
  ///
  /// Names, shapes and types must match one to one, but for the prefixes that PyTorch's wrappers
  /// add (`module.`, `_orig_mod.`). A tied tensor may come under any of its paths; under several,
  /// with the same values. The model is left as it was unless the whole file fits.
  ///
  /// If not `strict`, what matches is loaded and the rest left as it was: for a model whose head
  /// is another than the file's, for example.
  ///
  /// ```swift
  /// try model.load(from: "model.safetensors")
  /// let differences = try model.load(from: "backbone.safetensors", strict: false)
  /// print(differences.missing)  // the paths of tensors that the file does not have
  /// ```
  ///
  /// With `selecting`, only tensors whose paths it says yes to are looked at, in the model and in the file:
  ///
  /// ```swift
  /// try model.load(from: "pretrained.safetensors") { !$0.hasPrefix("head.") }
  /// ```
  ///
  /// - Returns: What did not match; nothing if `strict`.
  /// - Throws: exit code 65 if the file is malformed or another model's, or nothing is selected, 66 if it
  ///   cannot be opened, 74 if reading fails.
  @discardableResult
  public func load(
    from path: String, strict: Bool = true, selecting isSelected: (String) -> Bool = { _ in true }
  ) throws(CheckpointError) -> StateDifferences {
    try load(SafeTensors.read(path), path, strict, selecting: isSelected)
  }

  /// Overwrites the model's parameters and buffers with those of `state`, a state dictionary of
  /// this or another model; see `load(from:strict:selecting:)`.
  ///
  /// - Throws: exit code 65 if it is another model's. Stops if two tensors have one name.
  @discardableResult
  public func load(
    _ state: [(name: String, tensor: Tensor)], strict: Bool = true
  ) throws(CheckpointError) -> StateDifferences {
    try load(StateDictionary(state), "the state dictionary", strict)
  }

  private func load(
    _ source: some StateSource, _ path: String, _ strict: Bool,
    selecting isSelected: (String) -> Bool = { _ in true }
  ) throws(CheckpointError) -> StateDifferences {
    let (assign, differences) = try prepareLoad(source, path, strict, selecting: isSelected)
    assign()
    return differences
  }

  /// Finds out whether the file fits the model; `assign` then overwrites the model, and cannot fail.
  package func prepareLoad(
    _ file: SafeTensorsFile, _ path: String
  ) throws(CheckpointError) -> () -> Void {
    try prepareLoad(file, path, true).assign
  }

  private func prepareLoad(
    _ source: some StateSource, _ path: String, _ strict: Bool,
    selecting isSelected: (String) -> Bool = { _ in true }
  ) throws(CheckpointError) -> (assign: () -> Void, differences: StateDifferences) {
    let slots = slots().filter { $0.paths.contains(where: isSelected) }
    guard !slots.isEmpty || namedTensors().isEmpty else {
      throw .misfit(
        path: path, model: "\(type(of: self))", missing: [], unexpected: [],
        mismatched: ["none of the model's tensors is selected"])
    }
    let (matches, differences) = try match(slots, with: source, selecting: isSelected)
    guard differences.isEmpty || !strict else {
      throw .misfit(
        path: path, model: "\(type(of: self))", missing: differences.missing,
        unexpected: differences.unexpected, mismatched: differences.mismatched)
    }
    var values: [Tensor] = []
    for (_, name) in matches { values.append(try source.tensor(name)) }
    let assign = { [values] in
      noGrad {
        for (match, value) in zip(matches, values) { match.tensor.assign(value) }
      }
      var last: (any GradientAverager)?
      for parameter in self.parameters() {
        guard let averager = parameter.leaf?.averager, averager !== last else { continue }
        averager.valuesWereReplaced()
        last = averager
      }
    }
    return (assign, differences)
  }

  /// The tensors of `slots` that `source` fits, with their names there; and what does not match.
  private func match(
    _ slots: [Slot], with source: some StateSource, selecting isSelected: (String) -> Bool
  ) throws(CheckpointError) -> (
    matches: [(tensor: Tensor, name: String)], differences: StateDifferences
  ) {
    let paths = Set(slots.flatMap(\.paths))
    var nameOfPath: [String: String] = [:]
    var matches: [(tensor: Tensor, name: String)] = []
    var differences = StateDifferences()
    for name in source.names where isSelected(withoutWrappers(name)) {
      let path = paths.contains(name) ? name : withoutWrappers(name)
      if paths.contains(path), nameOfPath[path] == nil {
        nameOfPath[path] = name
      } else {
        differences.unexpected.append(name)
      }
    }
    for slot in slots {
      let candidates = slot.paths.compactMap { nameOfPath[$0] }
      guard let name = candidates.first, let entry = source.entry(name) else {
        differences.missing.append(slot.paths[0])
        continue
      }
      var problems: [String] = []
      let expected = (dtype: StoredType(slot.tensor.dtype), shape: Array(slot.tensor.shape))
      if entry != expected {
        problems.append(
          "\(slot.paths[0]) (\(entry.dtype.rawValue) \(entry.shape) in the \(source.noun), "
            + "\(expected.dtype.rawValue) \(expected.shape) in the model)")
      }
      for other in candidates.dropFirst() where try !source.areEqual(name, other) {
        problems.append(
          "\(other) (tied to \(name) in the model, with other values in the \(source.noun))")
      }
      differences.mismatched += problems
      if problems.isEmpty { matches.append((slot.tensor, name)) }
    }
    return (matches, differences)
  }

  private func slots() -> [Slot] {
    namedTensors().grouped { ObjectIdentifier($0.tensor) }.map { _, places in
      Slot(tensor: places[0].tensor, paths: places.map(\.name))
    }
  }
}

/// Where a file of weights, or a state dictionary, and a model differ.
public struct StateDifferences: Equatable, Sendable {
  /// Paths of the model that are not there.
  public internal(set) var missing: [String] = []
  /// Names that the model lacks.
  public internal(set) var unexpected: [String] = []
  /// Sentences about tensors of another shape or type, or with values that contradict a tie.
  public internal(set) var mismatched: [String] = []

  /// Whether there are none.
  public var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }
}

/// A tensor of a model and the paths that lead to it: several if it is tied.
private struct Slot {
  let tensor: Tensor
  let paths: [String]
}

/// `name` without what PyTorch's DistributedDataParallel and `torch.compile` put in front of it.
private func withoutWrappers(_ name: String) -> String {
  for prefix in ["module.", "_orig_mod."] where name.hasPrefix(prefix) {
    return withoutWrappers(String(name.dropFirst(prefix.count)))
  }
  return name
}
