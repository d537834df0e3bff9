import Kernels
import TensorCore
import TestSupport

/// `kernel` applied to contiguous values.
func apply(
  _ kernel: UnaryKernel, to values: [Float], p: Float = 0, q: Float = 0
) -> [Float] {
  [Float](unsafeUninitializedCapacity: values.count) { result, count in
    count = values.count
    values.withUnsafeBufferPointer { source in
      guard let target = result.baseAddress, let source = source.baseAddress else { return }
      kernel(values.count, target, 1, source, 1, p, q)
    }
  }
}

/// `kernel` applied to contiguous values, and its slopes there.
func apply(_ kernel: KernelWithSlope, to values: [Float]) -> (values: [Float], slopes: [Float]) {
  var result = [Float](repeating: 0, count: values.count)
  var slopes = result
  kernel(values.count, &result, &slopes, values)
  return (result, slopes)
}

/// `kernel` applied to pairs of contiguous values.
func apply(_ kernel: BinaryKernel, to a: [Float], _ b: [Float]) -> [Float] {
  var result = [Float](repeating: 0, count: a.count)
  kernel(a.count, &result, 1, a, 1, b, 1)
  return result
}

/// `count` random values in -4 ... 4.
func randomValues(_ count: Int, seed: UInt64 = 1) -> [Float] {
  gridValues([count], in: -4...4, seed: seed).floats
}

/// The sizes that kernels are tried at: every remainder of every vector width, and a few large
/// ones.
let testSizes = Array(0...70) + [127, 128, 1000, 4096, 4097, 20_011]
