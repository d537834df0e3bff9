import Checkpoints
import NeuralNet
import TensorCore

/// Tensors with the names that files have them under.
typealias NamedTensors = [(name: String, tensor: Tensor)]

/// A module's parameters and buffers; rank 0 writes them, for all ranks have the same.
struct KeptModule: KeptPart {
  let name: String
  let module: Module

  func tensors(rank: Int, of size: Int) -> (file: String, tensors: NamedTensors)? {
    rank == 0 ? ("\(name).safetensors", module.storedTensors) : nil
  }

  func prepareLoad(_ checkpoint: SoundCheckpoint) throws -> () -> Void {
    guard let (path, file) = try checkpoint.tensors(name).first else {
      throw MisfitCheckpoint(
        checkpoint.path, "it has no \(name).safetensors, which this program keeps")
    }
    return try module.prepareLoad(file, path)
  }
}
