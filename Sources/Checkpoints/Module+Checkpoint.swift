public import NeuralNet
public import TensorCore

extension Module {
  /// Every tensor of the model once, parameters and buffers, under the first path that leads to it.
  ///
  /// The tensors are shared with the model, but have no gradient. The paths are the keys of
  /// PyTorch's `state_dict`.
  public func stateDictionary() -> [(name: String, tensor: Tensor)] {
    slots().map { ($0.paths[0], $0.tensor.detach()) }
  }

  /// Writes the model's parameters and buffers to the safetensors file at `path`, which changes
  /// whole or not at all.
  ///
  /// The bytes depend on the values and `metadata` only. Tied tensors are stored once.
  ///
  /// - Throws: exit code 73 if the file cannot be created, 74 if writing fails.
  public func save(
    to path: String, metadata: [String: String] = ["format": "pt"]
  ) throws(FileError) {
    try SafeTensors.write(stateDictionary(), metadata: metadata, to: path)
  }

  /// Overwrites the model's parameters and buffers with those in the safetensors file at `path`.
  ///
  /// Names, shapes and types must match one to one, but for the prefixes that PyTorch's wrappers
  /// add (`module.`, `_orig_mod.`). A tied tensor may come under any of its paths; under several,
  /// with the same values. The model is left as it was unless the whole file fits.
  ///
  /// - Throws: exit code 65 if the file is malformed or another model's, 66 if it cannot be opened,
  ///   74 if reading fails.
  public func load(from path: String) throws(CheckpointError) {
    let file = try SafeTensors.read(path)
    let slots = slots()
    var values: [Tensor] = []
    for name in try names(of: slots, in: file, path) { values.append(try file.tensor(name)) }
    for (slot, value) in zip(slots, values) { slot.tensor.assign(value) }
  }

  /// The name in `file` of what belongs in each of `slots`. Throws unless the file fits.
  private func names(
    of slots: [Slot], in file: SafeTensorsFile, _ path: String
  ) throws(CheckpointError) -> [String] {
    let paths = Set(slots.flatMap(\.paths))
    var nameOfPath: [String: String] = [:]
    var names: [String] = []
    var (missing, unexpected, mismatched): ([String], [String], [String]) = ([], [], [])
    for name in file.names {
      let path = paths.contains(name) ? name : withoutWrappers(name)
      if paths.contains(path), nameOfPath[path] == nil {
        nameOfPath[path] = name
      } else {
        unexpected.append(name)
      }
    }
    for slot in slots {
      let candidates = slot.paths.compactMap { nameOfPath[$0] }
      guard let name = candidates.first, let entry = file.entry(name) else {
        missing.append(slot.paths[0])
        continue
      }
      names.append(name)
      let expected = (dtype: StoredType(slot.tensor.dtype), shape: Array(slot.tensor.shape))
      if entry != expected {
        mismatched.append(
          "\(slot.paths[0]) (\(entry.dtype.rawValue) \(entry.shape) in the file, "
            + "\(expected.dtype.rawValue) \(expected.shape) in the model)")
      }
      for other in candidates.dropFirst() where try !file.areEqual(name, other) {
        mismatched.append("\(other) (tied to \(name) in the model, with other values in the file)")
      }
    }
    guard missing.isEmpty, unexpected.isEmpty, mismatched.isEmpty else {
      throw .misfit(
        path: path, model: "\(type(of: self))", missing: missing, unexpected: unexpected,
        mismatched: mismatched)
    }
    return names
  }

  private func slots() -> [Slot] {
    var slots: [Slot] = []
    var positions: [ObjectIdentifier: Int] = [:]
    for (path, tensor) in namedTensors() {
      if let position = positions[ObjectIdentifier(tensor)] {
        slots[position].paths.append(path)
      } else {
        positions[ObjectIdentifier(tensor)] = slots.count
        slots.append(Slot(tensor: tensor, paths: [path]))
      }
    }
    return slots
  }
}

/// A tensor of a model and the paths that lead to it: several if it is tied.
private struct Slot {
  let tensor: Tensor
  var paths: [String]
}

/// `name` without what PyTorch's DistributedDataParallel and `torch.compile` put in front of it.
private func withoutWrappers(_ name: String) -> String {
  for prefix in ["module.", "_orig_mod."] where name.hasPrefix(prefix) {
    return withoutWrappers(String(name.dropFirst(prefix.count)))
  }
  return name
}
