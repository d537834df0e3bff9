import Communication
import Elements
import TensorCore

/// Keeps buffers that change in training, such as the running statistics of batch normalisation,
/// the same on all ranks.
///
/// What a pass has added to a buffer is weighted like its gradients, summed along with them, and
/// taken back until the step is complete: a step moves a buffer by the mean of what its passes
/// would, so the result does not depend on which rank ran which of them.
struct BufferAverage {
  private struct Buffer {
    var tensor: Tensor
    /// Its values when the step began.
    var values: [Float]
    var version: UInt32
  }

  private var buffers: [Buffer]

  /// Float32 tensors with the same values on all ranks.
  init(_ tensors: [Tensor]) {
    buffers = tensors.filter { $0.dtype == .float32 }.map {
      Buffer(tensor: $0, values: $0.floats, version: $0.storage.version)
    }
  }

  /// Goes on with those only that have changed on any rank since the beginning. Collective.
  mutating func keepChanging(_ world: any Communicator) {
    var changes = buffers.map { Int32($0.tensor.storage.version == $0.version ? 0 : 1) }
    changes.withUnsafeMutableBufferPointer { world.allReduce($0, .maximum) }
    buffers = zip(buffers, changes).filter { $1 == 1 }.map(\.0)
  }

  /// Goes on with none.
  mutating func keepNone() { buffers = [] }

  /// The number of values that travel.
  var count: Int { buffers.reduce(0) { $0 + $1.values.count } }

  /// Adds what the buffers have changed by, times `weight`, to `changes`, and takes it back.
  func collect(into changes: UnsafeMutablePointer<Float>, weight: Float) {
    var place = changes
    for buffer in buffers {
      for (value, start) in zip(buffer.tensor.floats, buffer.values) {
        place.pointee += weight * (value - start)
        place += 1
      }
      buffer.tensor.assign(Tensor(buffer.values, shape: buffer.tensor.shape))
    }
  }

  /// Moves the buffers by the sums over all passes of all ranks, divided by their `samples`.
  mutating func move(by changes: UnsafePointer<Float>, over samples: Float) {
    guard samples > 0 else { return }
    var place = changes
    for index in buffers.indices {
      for element in buffers[index].values.indices {
        buffers[index].values[element] += place.pointee / samples
        place += 1
      }
      let tensor = buffers[index].tensor
      tensor.assign(Tensor(buffers[index].values, shape: tensor.shape))
    }
  }
}
