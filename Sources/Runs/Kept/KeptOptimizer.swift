import Checkpoints
import Diagnostics
import Optimizers
import Support
import TensorCore

/// An optimiser's state: rank 0 writes it, or each rank its part where it is shared out.
struct KeptOptimizer: KeptPart {
  let name: String
  let optimizer: any Optimizer
  /// Names for the parameters: those of the modules that are kept, as far as they have them.
  let naming: () -> NamedParameters

  private var names: NamedParameters {
    let known = Dictionary(
      naming().map { (ObjectIdentifier($0.tensor), $0.name) },
      uniquingKeysWith: { first, _ in first })
    return optimizer.indexed.map { index, tensor in
      (known[ObjectIdentifier(tensor)] ?? index, tensor)
    }
  }

  func tensors(rank: Int, of size: Int) -> (file: String, tensors: NamedTensors)? {
    let isSharedOut = optimizer.memory.division != nil
    guard isSharedOut || rank == 0 else { return nil }
    let tensors = optimizer.ownState(naming: names).tensors.map { (name: $0.key, tensor: $0.value) }
    guard isSharedOut else { return ("\(name).safetensors", tensors) }
    let part = padded(String(rank + 1), 5, with: "0")
    return ("\(name)-\(part)-of-\(padded(String(size), 5, with: "0")).safetensors", tensors)
  }

  func json() throws -> String? {
    let numbers = optimizer.ownState(naming: names).numbers.sorted { $0.key < $1.key }
    return JSONObject([
      "optimizer": .text(optimizer.memory.optimizerName),
      "numbers": .object(JSONObject(numbers.map { ($0.key, .number($0.value)) })),
    ]).description
  }

  func prepareLoad(_ checkpoint: SoundCheckpoint) throws -> () -> Void {
    var state = try numbers(checkpoint)
    for (path, file) in try checkpoint.tensors(name) {
      for key in file.names {
        guard state.tensors.updateValue(try file.tensor(key), forKey: key) == nil else {
          throw MisfitCheckpoint(checkpoint.path, "\(path) has \(printable(key)) once more")
        }
      }
    }
    do {
      return try optimizer.prepareLoad(state: state, naming: names)
    } catch let error as OptimizerStateError {
      throw MisfitCheckpoint(checkpoint.path, error.description)
    }
  }

  /// The state without its tensors.
  private func numbers(_ checkpoint: SoundCheckpoint) throws -> OptimizerState {
    var state = OptimizerState(optimizerName: "", tensors: [:], numbers: [:])
    do throws(HeaderProblem) {
      let json: String
      do { json = try checkpoint.value(name) } catch { throw HeaderProblem(error.report) }
      var reader = JSONReader(Array(json.utf8))
      try reader.readMembers(of: name) { (reader, key) throws(HeaderProblem) in
        switch key {
        case "optimizer": state.optimizerName = try reader.readString("an optimiser's name")
        default:
          var numbers: [String: Double] = [:]
          try reader.readMembers(of: key) { (reader, name) throws(HeaderProblem) in
            numbers[name] = try reader.readDouble()
          }
          state.numbers = numbers
        }
      }
    } catch {
      throw MisfitCheckpoint(checkpoint.path, "the value of \(name): \(error.problem)")
    }
    return state
  }
}
