import Lockstep

extension OperationBench {
  /// What `lockstep bench ops` times; `pytorch_ops.py` times the same under the same names. To add
  /// one, add it to both.
  package static let all =
    dispatch + products + elementwise + conversions + rows + attention + images + updates

  /// The cost of calling an operation, where the arithmetic is next to nothing.
  private static let dispatch = [
    OperationBench(name: "x * x, recorded", shape: "8", bound: .dispatch) {
      let y = leaf([8]) + 1
      return { _ = y * y }
    },
    OperationBench(name: "x * x, not recorded", shape: "8", bound: .dispatch) {
      let y = Tensor.ones([8])
      return { _ = y * y }
    },
    training(
      "linear", "16x192->128", .products(3 * 16 * 192 * 128),
      leaves: [[16, 192], [128, 192], [128]]
    ) { linear($0[0], $0[1], $0[2]) },
  ]

  /// The largest product of each workload of `bench step`: mlp, lenet, resnet20, gpt, gpt-baby and rnn.
  private static let products = [
    (128, 784, 512), (64, 3136, 128), (32, 64, 10), (768, 128, 512), (2048, 384, 1536),
    (16, 192, 128),
  ].map { m, k, n in
    OperationBench(
      name: "matmul", shape: "\(m)x\(k)x\(n)", bound: .products(m * k * n), isMatrixProduct: true
    ) {
      let (a, b) = (Tensor.uniform([m, k]), Tensor.uniform([n, k]).transposed())
      return { _ = matmul(a, b) }
    }
  }

  /// An operation that keeps the shape. Forward reads and writes; backward reads the gradient and
  /// what was kept, and writes.
  private static func pass(
    _ name: String, _ shape: Shape, parameters: [Shape] = [],
    _ function: @escaping @Sendable (_ leaves: [Tensor]) -> Tensor
  ) -> OperationBench {
    training(
      name, text(shape), .memory(floats: 5 * shape.elementCount), leaves: [shape] + parameters,
      function)
  }

  private static let elementwise = [
    pass("relu", [2048, 1536]) { relu($0[0]) },
    pass("gelu", [2048, 1536]) { gelu($0[0]) },
    pass("tanh", [2048, 1536]) { tanh($0[0]) },
  ]

  /// Four bytes read and two written, or the other way round.
  private static let conversions = [DType.float16, .float32].map { target in
    let (count, source): (_, DType) = (8_000_000, target == .float16 ? .float32 : .float16)
    return OperationBench(
      name: "\(source) to \(target)", shape: "\(count)", bound: .memory(floats: count * 3 / 2)
    ) {
      let x = Tensor.uniform([count]).converted(to: source)
      return { _ = x.converted(to: target) }
    }
  }

  private static let rows = [
    pass("softmax", [12_288, 256]) { softmax($0[0]) },
    pass("layerNorm", [8192, 384], parameters: [[384], [384]]) {
      layerNorm($0[0], [384], weight: $0[1], bias: $0[2])
    },
    pass("batchNorm", [32, 64, 32, 32], parameters: [[64], [64]]) {
      batchNorm($0[0], weight: $0[1], bias: $0[2], isTraining: true)
    },
    // The result is a number: forward reads, backward reads and writes.
    training(
      "crossEntropy", "4096x1000", .memory(floats: 3 * 4096 * 1000), leaves: [[4096, 1000]]
    ) { crossEntropy($0[0], Tensor.arange(4096) % 1000) },
  ]

  // Two products forward and four backward, which computes the scores anew where the probabilities are
  // too many to be kept: one more. A causal mask leaves half of each.
  private static let attention = ([([12, 4, 64, 32], 6), ([8, 6, 256, 64], 7)] as [(Shape, Int)])
    .map { shape, products in
      training(
        "causal attention", text(shape),
        .products(products * shape.elementCount * (shape[2] + 1) / 2),
        leaves: [shape, shape, shape]
      ) { scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true) }
    }

  private static let images =
    [(64, 32, 14, 64), (32, 16, 32, 16), (32, 64, 8, 64)].map { batch, channels, size, outputs in
      let shape: Shape = [batch, channels, size, size]
      return training(
        "conv2d, 3x3", text(shape) + "->\(outputs)",
        .products(3 * shape.elementCount * outputs * 9),
        leaves: [shape, [outputs, channels, 3, 3]]
      ) { conv2d($0[0], $0[1], padding: 1) }
    } + [
      // Forward reads all and writes a quarter; backward reads two quarters and writes all.
      training(
        "maxPool2d", "64x32x28x28", .memory(floats: 64 * 32 * 28 * 28 * 11 / 4),
        leaves: [[64, 32, 28, 28]]
      ) { maxPool2d($0[0], kernel: (2, 2)) }
    ]

  private static let updates = [
    // Read: parameter, gradient, state; written: parameter, state.
    update("SGD with momentum", bytes: 20) { SGD($0, learningRate: 0.01, momentum: 0.9) },
    update("AdamW", bytes: 28) { AdamW($0) },
    // And the Float32 master; PyTorch's optimisers have none.
    update("AdamW, float16", .float16, bytes: 30) { AdamW($0) },
  ]

  /// A step that moves `bytes` of memory for each element of a parameter.
  private static func update(
    _ name: String, _ dtype: DType = .float32, bytes: Int,
    _ make: @escaping @Sendable ([Tensor]) -> any Optimizer
  ) -> OperationBench {
    let count = 8_000_000
    return OperationBench(
      name: name, shape: "\(count)", bound: .memoryInPlace(floats: bytes * count / 4)
    ) {
      let parameter = Tensor.uniform([count], in: -2...2).converted(to: dtype)
      parameter.requiresGrad = true
      parameter.grad = Tensor.uniform([count]).converted(to: dtype)
      let optimizer = make([parameter])
      return { optimizer.step() }
    }
  }
}
