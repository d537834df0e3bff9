import Support
import TensorCore

extension Dataset {
  /// 64 bits that tell data sets apart: a hash of at most `samples` samples, spread evenly over the
  /// set, inputs and targets.
  ///
  /// Fast, because it does not read everything: a difference in a single sample of a large set may
  /// go unseen, other data, another order or another size do not.
  public func digest(ofSamples samples: Int = 256) -> UInt64 {
    let chosen = Swift.min(count, Swift.max(samples, 0))
    return digest(of: (0..<chosen).map { $0 * count / chosen }, count)
  }

  /// The same of the first samples only, whatever follows them.
  package func digest(ofFirst samples: Int) -> UInt64 {
    digest(of: Array(0..<Swift.min(count, samples)), 0)
  }

  private func digest(of indices: [Int], _ count: Int) -> UInt64 {
    var hashes: [UInt64] = [UInt64(count)]
    for index in indices {
      let selection = SampleSelection([index])
      let inputs = UnsafeMutableBufferPointer<Input>.allocate(capacity: inputShape.elementCount)
      let targets = UnsafeMutableBufferPointer<Target>.allocate(capacity: targetShape.elementCount)
      defer {
        inputs.deallocate()
        targets.deallocate()
      }
      copySamples(selection, inputs: inputs, targets: targets)
      for bytes in [UnsafeRawBufferPointer(inputs), UnsafeRawBufferPointer(targets)] {
        hashes.append(bytes.digest)
      }
    }
    return hashes.withUnsafeBytes { $0.digest }
  }
}
