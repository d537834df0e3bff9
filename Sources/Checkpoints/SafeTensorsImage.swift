import Support
package import TensorCore

/// The bytes of a safetensors file in memory: a copy of tensors at one moment, to be written by another
/// thread while training goes on.
///
/// `@unchecked Sendable`: nobody changes it after it was made. It goes away where it was made, for its
/// memory is the pool's.
package final class SafeTensorsImage: @unchecked Sendable {
  private let memory: Tensor

  /// The file that `SafeTensors.write` would write, byte for byte.
  package init(_ tensors: [(name: String, tensor: Tensor)], metadata: [String: String]) {
    let (tensors, header, dataCount) = SafeTensors.layout(of: tensors, metadata)
    memory = Tensor(uninitialized: [header.count + dataCount], .uint8)
    memory.bytes.copyBytes(from: header)
    var rest = UnsafeMutableRawBufferPointer(rebasing: memory.bytes[header.count...])
    for (_, tensor) in tensors {
      let values = tensor.contiguousValues()
      rest.copyMemory(from: UnsafeRawBufferPointer(values.bytes))
      rest = UnsafeMutableRawBufferPointer(rebasing: rest[values.bytes.count...])
      withExtendedLifetime(values) {}
    }
  }

  /// All bytes of the file, as long as this lives.
  package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory.bytes) }
}
