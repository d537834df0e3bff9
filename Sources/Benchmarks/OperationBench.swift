import Lockstep
import Support

/// One operation of `lockstep bench ops`, with what limits it.
package struct OperationBench {
  /// What bounds the time from below.
  enum Bound {
    /// Nothing but the cost of calling it.
    case dispatch
    /// Floats read and written, to memory of their own.
    case memory(floats: Int)
    /// Floats read and written, changed where they are.
    case memoryInPlace(floats: Int)
    /// Multiply-adds.
    case products(Int)
  }

  package let name: String
  package let shape: String
  let bound: Bound
  /// Whether it is one matrix product, which OpenBLAS can compute too.
  package var isMatrixProduct = false
  /// Makes the operands, and returns what is timed.
  package let prepare: @Sendable () -> () -> Void

  /// The name under which `pytorch_ops.py` times the same.
  package var peerName: String { "\(name) \(shape)" }

  /// The least seconds that the machine needs; nil where there is no such bound.
  package func limit(_ limits: MachineLimits) -> Double? {
    switch bound {
    case .dispatch: nil
    case .memory(let floats): 4 * Double(floats) / limits.copyBandwidth
    case .memoryInPlace(let floats): 4 * Double(floats) / limits.inPlaceBandwidth
    case .products(let count): 2 * Double(count) / limits.gemmRate
    }
  }

  /// Forward and backward of `function` of random leaves of shapes `leaves`, as training runs them.
  static func training(
    _ name: String, _ shape: String, _ bound: Bound, leaves: [Shape],
    _ function: @escaping @Sendable (_ leaves: [Tensor]) -> Tensor
  ) -> OperationBench {
    OperationBench(name: name, shape: shape, bound: bound) {
      let leaves = leaves.map(leaf)
      let gradient = noGrad { Tensor.uniform(function(leaves).shape) }
      return {
        function(leaves).backward(gradient: gradient)
        for leaf in leaves { leaf.grad = nil }
      }
    }
  }

  /// Random values that require a gradient.
  static func leaf(_ shape: Shape) -> Tensor {
    let tensor = Tensor.uniform(shape, in: -2...2)
    tensor.requiresGrad = true
    return tensor
  }

  /// As in `2048x1536`.
  static func text(_ shape: Shape) -> String { shape.map(String.init).joined(separator: "x") }
}

/// What this machine can do at best, measured with the threads in use.
package struct MachineLimits {
  /// Floating-point operations per second of a large matrix product: OpenBLAS's or ours, whichever
  /// is faster.
  package let gemmRate: Double
  /// Bytes per second, read and written ones counted together, of copying memory that no cache
  /// holds.
  package let copyBandwidth: Double
  /// The same for adding such memory to other such memory.
  package let inPlaceBandwidth: Double

  package init() {
    let (a, b) = (Tensor.normal([768, 768]), Tensor.normal([768, 768]))
    let times = timesByProvider { _ = matmul(a, b) }
    gemmRate = 2 * 768 * 768 * 768 / min(times.own, times.openBLAS ?? .infinity)
    let count = 32 << 20
    let (source, target) = (Tensor.zeros([count]), Tensor.zeros([count]))
    copyBandwidth = Double(8 * count) / bestTime { target.assign(source) }
    inPlaceBandwidth = Double(12 * count) / bestTime { target += source }
  }
}

/// The best times of `body` with products by our own kernels, and by OpenBLAS if it is installed.
package func timesByProvider(_ body: () -> Void) -> (own: Double, openBLAS: Double?) {
  let provider = MatrixProducts.provider
  defer { MatrixProducts.provider = provider }
  MatrixProducts.provider = .own
  let own = bestTime(body)
  guard MatrixProducts.openBLASDescription != nil else { return (own, nil) }
  MatrixProducts.provider = .openblas
  return (own, bestTime(body))
}

/// The shortest time of many runs of `body`, each long enough for the clock: what the code can do
/// when nothing else runs.
package func bestTime(_ body: () -> Void) -> Double {
  body()
  var repetitions = 1
  while true {
    let start = monotonicSeconds()
    for _ in 0..<repetitions { body() }
    if monotonicSeconds() - start > 200e-6 { break }
    repetitions *= 2
  }
  var best = Double.infinity
  let end = monotonicSeconds() + 0.15
  repeat {
    let start = monotonicSeconds()
    for _ in 0..<repetitions { body() }
    best = min(best, (monotonicSeconds() - start) / Double(repetitions))
  } while monotonicSeconds() < end
  return best
}
