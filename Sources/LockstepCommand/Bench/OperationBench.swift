import Lockstep

/// One operation of `lockstep bench ops`, with what limits it.
struct OperationBench {
  /// What bounds the time from below.
  enum Bound {
    /// Nothing but the cost of calling it.
    case dispatch
    /// Floats read and written.
    case memory(floats: Int)
    /// Multiply-adds.
    case products(Int)
  }

  let name: String
  let shape: String
  let bound: Bound
  let body: () -> Void

  /// The least seconds that the machine needs; nil where there is no such bound.
  func limit(_ limits: MachineLimits) -> Double? {
    switch bound {
    case .dispatch: nil
    case .memory(let floats): limits.copyTime(4 * floats)
    case .products(let count): 2 * Double(count) / limits.gemmRate
    }
  }

  static var all: [OperationBench] { dispatch + forwardAndBackward + products + updates }

  private static func leaf(_ shape: Shape) -> Tensor {
    let tensor = Tensor.normal(shape)
    tensor.requiresGrad = true
    return tensor
  }

  /// The cost of calling an operation, where the arithmetic is next to nothing.
  private static var dispatch: [OperationBench] {
    let x = leaf([8])
    let y = x + 1
    let (input, weight, bias) = (leaf([16, 192]), leaf([128, 192]), leaf([128]))
    let gradient = Tensor.normal([16, 128])
    return [
      OperationBench(name: "x * x, recorded", shape: "8", bound: .dispatch) { _ = y * y },
      OperationBench(name: "x * x, not recorded", shape: "8", bound: .dispatch) {
        noGrad { _ = y * y }
      },
      OperationBench(
        name: "linear forward + backward", shape: "16x192->128",
        bound: .products(3 * 16 * 192 * 128)
      ) {
        linear(input, weight, bias).backward(gradient: gradient)
        for tensor in [input, weight, bias] { tensor.grad = nil }
      },
    ]
  }

  /// Operations of the gpt and lenet workloads, forward and backward.
  private static var forwardAndBackward: [OperationBench] {
    func bench(
      _ name: String, _ shape: Shape, passes: Int, _ function: @escaping (Tensor) -> Tensor
    ) -> OperationBench {
      let x = leaf(shape)
      let gradient = noGrad { Tensor.normal(function(x).shape) }
      return OperationBench(
        name: name, shape: shape.map(String.init).joined(separator: "x"),
        bound: .memory(floats: passes * shape.elementCount)
      ) {
        function(x).backward(gradient: gradient)
        x.grad = nil
      }
    }
    // Passes over the elements: forward reads and writes; backward reads the gradient and what was
    // kept and writes.
    return [
      bench("relu", [128, 512], passes: 5, relu),
      bench("gelu", [768, 512], passes: 5) { gelu($0) },
      bench("tanh", [768, 512], passes: 5, tanh),
      bench("softmax", [3072, 64], passes: 5) { softmax($0) },
    ]
  }

  private static var products: [OperationBench] {
    func bench(_ m: Int, _ k: Int, _ n: Int, transposed: Bool) -> OperationBench {
      let a = Tensor.normal([m, k])
      let b = transposed ? Tensor.normal([n, k]).transposed() : Tensor.normal([k, n])
      return OperationBench(
        name: transposed ? "matmul with a transpose" : "matmul", shape: "\(m)x\(k)x\(n)",
        bound: .products(m * k * n)
      ) { noGrad { _ = matmul(a, b) } }
    }
    return [
      bench(128, 784, 512, transposed: true), bench(128, 512, 512, transposed: false),
      bench(768, 128, 512, transposed: true), bench(16, 192, 128, transposed: true),
    ]
  }

  private static var updates: [OperationBench] {
    func bench(
      _ name: String, passes: Int, _ make: ([Tensor]) -> any Optimizer
    ) -> OperationBench {
      let parameter = leaf([800_000])
      parameter.grad = Tensor.normal([800_000])
      let optimizer = make([parameter])
      return OperationBench(
        name: name, shape: "800000", bound: .memory(floats: passes * 800_000)
      ) { optimizer.step() }
    }
    return [
      bench("SGD with momentum", passes: 5) { SGD($0, learningRate: 0.01, momentum: 0.9) },
      bench("AdamW", passes: 7) { AdamW($0) },
    ]
  }
}
