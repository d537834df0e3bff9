import Diagnostics
import TensorCore

/// Where a model's tensors are loaded from.
protocol StateSource {
  /// What it is called in messages.
  var noun: String { get }
  /// The names of its tensors.
  var names: [String] { get }
  /// The type and shape of the tensor `name`; nil if there is none.
  func entry(_ name: String) -> (dtype: StoredType, shape: [Int])?
  /// A copy of the tensor `name`.
  func tensor(_ name: String) throws(CheckpointError) -> Tensor
  /// Whether two of its tensors are the same, bit for bit.
  func areEqual(_ a: String, _ b: String) throws(CheckpointError) -> Bool
}

extension SafeTensorsFile: StateSource {
  var noun: String { "file" }
}

/// A state dictionary in memory.
struct StateDictionary: StateSource {
  let names: [String]
  private let tensors: [String: Tensor]
  var noun: String { "dictionary" }

  /// Stops if two tensors have one name.
  init(_ state: [(name: String, tensor: Tensor)]) {
    names = state.map(\.name)
    tensors = Dictionary(state.map { ($0.name, $0.tensor) }) { first, _ in first }
    check(tensors.count == names.count, "load: a state dictionary with two tensors of one name")
  }

  func entry(_ name: String) -> (dtype: StoredType, shape: [Int])? {
    tensors[name].map { (StoredType($0.dtype), Array($0.shape)) }
  }

  func tensor(_ name: String) throws(CheckpointError) -> Tensor {
    guard let tensor = tensors[name] else {
      throw .unavailable(path: noun, tensor: name, problem: "there is none of this name")
    }
    return tensor.detached().cloned()
  }

  func areEqual(_ a: String, _ b: String) throws(CheckpointError) -> Bool {
    guard let a = tensors[a], let b = tensors[b], a.dtype == b.dtype, a.shape == b.shape else {
      return false
    }
    if a === b { return true }
    let (first, second) = (a.detached().contiguous(), b.detached().contiguous())
    defer { withExtendedLifetime((first, second)) {} }
    return first.bytes.elementsEqual(second.bytes)
  }
}
