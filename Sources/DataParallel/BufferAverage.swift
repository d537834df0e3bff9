import Communication
import Elements
import TensorCore

/// Keeps buffers that change in training, such as the running statistics of batch normalisation,
/// the same on all ranks.
///
/// What a pass has added to a buffer is weighted like its gradients, summed along with them, and
/// taken back until the step is complete: a step moves a buffer by the mean of what its passes
/// would, so the result does not depend on which rank ran which of them. So a buffer
/// of integers that counts passes counts steps, and is rounded for that.
struct BufferAverage {
  private struct Buffer {
    let tensor: Tensor
    /// Its values when the step began, which Doubles hold exactly.
    var values: [Double]
    var version: UInt32

    init(_ tensor: Tensor) {
      self.tensor = tensor
      values =
        isCount(tensor)
        ? tensor.array(of: Int64.self).map(Double.init) : tensor.floats.map(Double.init)
      version = tensor.storage.version
    }

    /// Its values now.
    var current: [Double] { Buffer(tensor).values }

    /// Gives it `values`.
    func restore() {
      tensor.assign(
        isCount(tensor)
          ? Tensor(values.map { Int64($0) }, shape: tensor.shape)
          : Tensor(values.map { Float($0) }, shape: tensor.shape))
    }
  }

  private var buffers: [Buffer]

  /// Tensors with the same values on all ranks; heeded are those of Float32 and Int64.
  init(_ tensors: [Tensor]) {
    buffers = tensors.filter { $0.dtype == .float32 || isCount($0) }.map(Buffer.init)
  }

  /// Takes the values that the buffers have now for those that the next step begins with.
  mutating func reread() { buffers = buffers.map { Buffer($0.tensor) } }

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
      let isCount = isCount(buffer.tensor)
      for (value, start) in zip(buffer.current, buffer.values) {
        place.pointee +=
          weight * (isCount ? Float(value - start) : Float(value) - Float(start))
        place += 1
      }
      buffer.restore()
    }
  }

  /// Moves the buffers by the sums over all passes of all ranks, divided by their `samples`.
  mutating func move(by changes: UnsafePointer<Float>, over samples: Float) {
    guard samples > 0 else { return }
    var place = changes
    for index in buffers.indices {
      let isCount = isCount(buffers[index].tensor)
      for element in buffers[index].values.indices {
        let value = buffers[index].values[element]
        buffers[index].values[element] =
          isCount
          ? value + Double(place.pointee / samples).rounded()
          : Double(Float(value) + place.pointee / samples)
        place += 1
      }
      buffers[index].restore()
    }
  }
}

/// Whether a buffer counts: its values are integers of 64 bits.
private func isCount(_ tensor: Tensor) -> Bool { tensor.dtype == .int64 }
