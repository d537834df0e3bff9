import Diagnostics

/// One float per channel, in memory of the pool.
struct PerChannel {
  private let values: Tensor
  let pointer: UnsafeMutablePointer<Float>

  init(_ count: Int) {
    values = Tensor(uninitialized: [count])
    pointer = values.pointer()
  }

  init(_ count: Int, _ value: (Int) -> Float) {
    self.init(count)
    for index in 0..<count { pointer[index] = value(index) }
  }

  subscript(index: Int) -> Float {
    get { pointer[index] }
    nonmutating set { pointer[index] = newValue }
  }
}

/// Stops unless each of `parts`, where given, holds one float for each channel.
func requirePerChannel(
  _ name: StaticString, _ channels: Int, _ parts: [(name: String, tensor: Tensor?)]
) {
  for (part, tensor) in parts {
    guard let tensor else { continue }
    tensor.requireFloat(name)
    check(
      tensor.shape == [channels], "\(name): \(part) \(tensor.shape) for \(channels) channels")
  }
}
