import Elements
import Kernels
import TensorCore
import Testing
import TestSupport

/// Operations on narrow floats against the same operations on the same numbers as float32.
@Suite struct NarrowFloatTests {
  private struct Example: Sendable {
    let name: String
    let shapes: [Shape]
    /// Inputs that stay float32.
    var float32: Set<Int> = []
    /// How many units of the last place gradients may be off.
    var ulps: Float = 2
    /// The same of results and gradients of bfloat16, where several roundings are not hidden by chance;
    /// nil: as of float16, which is 1 and `ulps`.
    var bfloat16: (result: Float, gradients: Float)?
    let function: @Sendable ([Tensor]) -> Tensor

    /// How many units of the last place of `dtype` results and gradients may be off.
    func limits(_ dtype: DType) -> (result: Float, gradients: Float) {
      (dtype == .bfloat16 ? bfloat16 : nil) ?? (1, ulps)
    }
  }

  // Sizes beyond one block of conversion, with a remainder.
  private static let examples: [Example] = [
    .init(name: "linear", shapes: [[3, 50, 300], [70, 300], [70]]) { linear($0[0], $0[1], $0[2]) },
    .init(name: "linear, bias float32", shapes: [[150, 300], [70, 300], [70]], float32: [2]) {
      linear($0[0], $0[1], $0[2])
    },
    .init(name: "matmul", shapes: [[4, 33, 65], [4, 65, 31]]) { matmul($0[0], $0[1]) },
    .init(name: "matmul, broadcast", shapes: [[33, 65], [4, 65, 31]]) { matmul($0[0], $0[1]) },
    .init(name: "attention", shapes: [[2, 3, 70, 16], [2, 3, 70, 16], [2, 3, 70, 24]]) {
      scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true)
    },
    .init(
      name: "attention, shared keys",
      shapes: [[2, 3, 40, 16], [3, 50, 16], [3, 50, 16], [40, 50]]
    ) { scaledDotProductAttention($0[0], $0[1], $0[2], mask: $0[3]) },
    .init(name: "layerNorm", shapes: [[90, 130], [130], [130]], float32: [1, 2]) {
      layerNorm($0[0], [130], weight: $0[1], bias: $0[2])
    },
    .init(name: "rmsNorm", shapes: [[90, 130], [130]]) { rmsNorm($0[0], [130], weight: $0[1]) },
    .init(name: "groupNorm", shapes: [[3, 12, 700], [12], [12]]) {
      groupNorm($0[0], groups: 3, weight: $0[1], bias: $0[2])
    },
    .init(name: "batchNorm", shapes: [[9, 13, 70], [13], [13]], float32: [1, 2]) {
      batchNorm($0[0], weight: $0[1], bias: $0[2], isTraining: true)
    },
    .init(name: "batchNorm of rows", shapes: [[90, 130], [130], [130]]) {
      batchNorm($0[0], weight: $0[1], bias: $0[2], isTraining: true)
    },
    .init(name: "softmax", shapes: [[90, 130]]) { softmax($0[0]) },
    .init(name: "softmax, axis 0", shapes: [[130, 90]]) { softmax($0[0], axis: 0) },
    // The gradients of these two are made from the rounded result, y: by exp(y) and 1 - y^2.
    .init(name: "logSoftmax", shapes: [[90, 130]], ulps: 3) { logSoftmax($0[0]) },
    .init(name: "gelu", shapes: [[90, 130]]) { gelu($0[0]) },
    .init(name: "relu", shapes: [[90, 130]]) { relu($0[0]) },
    .init(name: "softplus", shapes: [[90, 130]]) { softplus($0[0]) },
    .init(name: "tanh", shapes: [[90, 130]], ulps: 4) { tanh($0[0]) },
    .init(name: "add, broadcast", shapes: [[5, 90, 130], [90, 130]]) { $0[0] + $0[1] },
    .init(name: "multiply, broadcast", shapes: [[90, 130], [130]]) { $0[0] * $0[1] },
    // The divisor is rounded, too, and two shares of the gradient, each rounded, meet in the input.
    .init(name: "divide", shapes: [[90, 130]], bfloat16: (result: 2, gradients: 3)) {
      $0[0] / ($0[0].abs() + 1)
    },
    .init(name: "dropout", shapes: [[90, 131]]) {
      dropout($0[0], generator: Generator(seed: 4))
    },
    .init(name: "crossEntropy", shapes: [[90, 130]]) {
      crossEntropy($0[0], Tensor((0..<90).map { Int64($0) }), reduction: .none)
    },
    .init(name: "mseLoss", shapes: [[90, 130], [90, 130]]) { mseLoss($0[0], $0[1]) },
    .init(name: "embedding", shapes: [[20, 130]]) {
      embedding(Tensor((0..<90).map { Int64($0 * $0 % 20) }), $0[0], paddingIndex: 1)
    },
    .init(name: "conv2d", shapes: [[3, 4, 19, 17], [20, 4, 3, 3], [20]]) {
      conv2d($0[0], $0[1], $0[2], padding: 1)
    },
    .init(name: "conv2d, strided groups", shapes: [[3, 4, 19, 17], [20, 2, 3, 3], [20]]) {
      conv2d($0[0], $0[1], $0[2], stride: 2, groups: 2)
    },
    .init(name: "conv2d by channel", shapes: [[3, 20, 9, 7], [20, 1, 3, 3]]) {
      conv2d($0[0], $0[1], padding: 1, groups: 20)
    },
    .init(name: "convTranspose2d", shapes: [[3, 4, 9, 7], [4, 20, 3, 3], [20]]) {
      convTranspose2d($0[0], $0[1], $0[2], stride: 2)
    },
    .init(name: "maxPool2d", shapes: [[3, 20, 30, 17]]) { maxPool2d($0[0], kernel: 3, stride: 2) },
    .init(name: "avgPool2d", shapes: [[3, 20, 30, 17]]) { avgPool2d($0[0], kernel: 2) },
    .init(name: "sum", shapes: [[90, 130, 3]]) { $0[0].sum(axis: 1) },
    .init(name: "mean of rows", shapes: [[90, 1300]]) { $0[0].mean(axis: 1) },
    .init(name: "mean of columns", shapes: [[900, 130]]) { $0[0].mean(axis: 0) },
    .init(name: "prod", shapes: [[3, 900, 3]]) { $0[0].prod(axes: [0, 2]) },
    .init(name: "cumsum", shapes: [[10_000]]) { $0[0].cumsum(axis: 0) },
    .init(name: "cumsum of columns", shapes: [[3, 300, 40]]) { $0[0].cumsum(axis: 1) },
    .init(name: "variance of rows", shapes: [[9, 1300]]) { $0[0].variance(axis: 1) },
    .init(name: "variance of columns", shapes: [[900, 1030]]) { $0[0].variance(axis: 0) },
    .init(name: "variance", shapes: [[3, 70_000]]) { $0[0].variance() },
    .init(name: "standardDeviation", shapes: [[9, 20, 65]]) {
      $0[0].standardDeviation(axes: [0, 2])
    },
    .init(name: "norm, 1", shapes: [[9, 130]]) { $0[0].norm(1, axis: 1) },
    .init(name: "norm, 2", shapes: [[90, 130]]) { $0[0].norm(axis: 0) },
    .init(name: "norm, infinity", shapes: [[9, 130]]) { $0[0].norm(.infinity, axis: 1) },
    .init(name: "logSumExp", shapes: [[90, 130]]) { $0[0].logSumExp(axis: 1) },
    .init(name: "max", shapes: [[9, 13, 7]]) { $0[0].max(axes: [0, 2]) },
    .init(name: "min", shapes: [[90, 130]]) { $0[0].min(axes: [0]) },
    .init(name: "max along an axis", shapes: [[9, 300, 70]]) { $0[0].max(axis: 1).values },
    .init(name: "sort", shapes: [[9, 130, 3]]) { $0[0].sorted(axis: 1, descending: true).values },
    .init(name: "binaryCrossEntropy", shapes: [[90, 130], [90, 130]]) {
      binaryCrossEntropy(
        $0[0].clamped(from: 0.125, to: 0.875), $0[1].clamped(from: 0.0, to: 1.0), reduction: .none)
    },
    .init(name: "crossEntropy of probabilities", shapes: [[9, 130], [9, 130]]) {
      crossEntropy($0[0], $0[1], labelSmoothing: 0.1, reduction: .none)
    },
    .init(name: "crossEntropy of positions", shapes: [[9, 13, 70], [9, 13, 70]]) {
      crossEntropy($0[0], $0[1], reduction: .none)
    },
    .init(name: "nllLoss", shapes: [[90, 13, 2]]) {
      nllLoss($0[0], Tensor((0..<180).map { Int64($0 % 13) }, shape: [90, 2]))
    },
    .init(name: "scatterAdded", shapes: [[5, 20], [40, 20]]) {
      let places = Tensor((0..<800).map { Int64($0 * $0 % 5) }, shape: [40, 20])
      return $0[0].scatterAdded($0[1], at: places, axis: 0)
    },
    .init(name: "elu", shapes: [[90, 130]]) { elu($0[0]) },
    .init(name: "power", shapes: [[90, 130]]) { $0[0].raised(to: 3) },
    // Three steps, each of which rounds the states and gates that the gradient is made from.
    .init(
      name: "recurrent", shapes: [[3, 7, 20], [20, 5], [20], [7, 5], [7, 5]], ulps: 4
    ) {
      recurrent(.lstm, $0[0] * 0.25, $0[1] * 0.25, $0[2], from: [$0[3], $0[4]])
    },
  ]

  private static let narrow = [DType.float16, .bfloat16]

  /// Results and gradients of a run in which numbers of the type `narrow` are stored as `dtype`.
  private struct Run {
    let output: Tensor
    let inputs: [Tensor]

    init(_ example: Example, of narrow: DType, as dtype: DType, passes: Int = 1) {
      inputs = example.shapes.enumerated().map { index, shape in
        let values = gridValues(shape, seed: UInt64(index + 1)).converted(to: narrow)
        return values.converted(to: example.float32.contains(index) ? .float32 : dtype)
      }
      for input in inputs { input.requiresGrad = true }
      output = example.function(inputs)
      let cotangent = gridValues(output.shape, seed: 50).converted(to: narrow)
      for _ in 0..<passes {
        output.backward(gradient: cotangent.converted(to: output.dtype), retainGraph: true)
      }
    }
  }

  /// The largest error in units of the last place of `narrow`, those of numbers below a quarter of
  /// the largest being as large as there.
  private func error(_ found: Tensor, _ exact: Tensor, _ narrow: DType = .float16) -> Float {
    let (found, exact) = (found.floats, exact.floats)
    let floor = (exact.map(\.magnitude).max() ?? 0) / 4
    return matched(found, exact).reduce(0) { worst, pair in
      let value = max(pair.1.magnitude, floor)
      let unit = narrow == .float16 ? Float(Float16(value).ulp) : value.ulp * 65_536
      let error = (pair.0 - pair.1).magnitude / unit
      return error <= worst ? worst : error.isNaN ? .infinity : error
    }
  }

  /// Results are off by their rounding alone; gradients also by that of saved results, and inputs
  /// of a second operation.
  @Test(arguments: examples.indices, narrow)
  func resultsAreThoseOfFloat32Rounded(_ index: Int, _ dtype: DType) {
    let example = Self.examples[index]
    let (narrow, float) = (
      Run(example, of: dtype, as: dtype), Run(example, of: dtype, as: .float32)
    )
    #expect(narrow.output.dtype == dtype, "\(example.name)")
    #expect(
      error(narrow.output, float.output, dtype) <= example.limits(dtype).result, "\(example.name)")
    for (index, input) in narrow.inputs.enumerated() {
      guard let gradient = input.grad, let exact = float.inputs[index].grad else {
        Issue.record("\(example.name): no gradient of input \(index)")
        continue
      }
      #expect(gradient.dtype == input.dtype, "\(example.name), input \(index)")
      #expect(
        error(gradient, exact, dtype) <= example.limits(dtype).gradients,
        "\(example.name), input \(index)")
    }
  }

  /// Gradients that are computed in an arena of narrow floats are added up there.
  @Test(arguments: examples.indices, narrow)
  func gradientsGrowInAnArena(_ index: Int, _ dtype: DType) {
    let example = Self.examples[index]
    let narrow = Run(example, of: dtype, as: dtype, passes: 3)
    let float = Run(example, of: dtype, as: .float32, passes: 3)
    for (input, exact) in matched(narrow.inputs, float.inputs) {
      #expect((input.grad == nil) == (exact.grad == nil), "\(example.name)")
      guard let gradient = input.grad, let exact = exact.grad else { continue }
      #expect(
        error(gradient, exact, dtype) <= 2 + example.limits(dtype).gradients, "\(example.name)")
    }
  }

  @Test func slotsMayBeHalves() {
    let arena = Tensor.full([40], 9).converted(to: .float16)
    let weight = gridValues([4, 6], seed: 1).converted(to: .float16)
    weight.requiresGrad = true
    weight.leaf?.slot = arena.alias(shape: [4, 6], strides: [6, 1], offset: 8)
    let x = gridValues([5, 6], seed: 2).converted(to: .float16)
    for pass in 1...2 {
      linear(x, weight).sum().backward()
      let sums = x.converted(to: .float32).sum(axis: 0) * Float(pass)
      #expect(error(weight.grad ?? x, sums.expanded(to: [4, 6])) <= Float(pass))
    }
    #expect(weight.grad?.storage === arena.storage)
    #expect(arena.floats[..<8].allSatisfy { $0 == 9 } && arena.floats[32...].allSatisfy { $0 == 9 })
  }

  /// A sum that leaves the range of halves on its way, and one that ends beyond it.
  @Test func onlyResultsAreRounded() {
    let x = Tensor.full([1, 600], 200).converted(to: .float16)
    let signs = Tensor((0..<600).map { $0 < 300 ? 2 : -2 } as [Float], shape: [1, 600])
    #expect(linear(x, signs.converted(to: .float16)).floats == [0])
    #expect(linear(x, signs.abs().converted(to: .float16)).floats == [.infinity])
    #expect((x * x).sum().floats == [.infinity])
    #expect((x * 300).mean().floats == [60_000])
  }

  /// Along the last axis, in rows longer than a part, and along others, whose columns are widened a
  /// few at a time.
  @Test func placesAreThoseOfFloat32() {
    for shape in [[40, 130], [2, 70_001], [3, 5000, 70]] as [Shape] {
      let half = gridValues(shape, seed: 5).converted(to: .float16)
      let float = half.converted(to: .float32)
      for axis in 0..<shape.count {
        for places in [
          { $0.argmax(axis: axis) }, { $0.argmin(axis: axis) }, { $0.argsort(axis: axis) },
        ] as [(Tensor) -> Tensor] {
          #expect(
            places(half).array(of: Int64.self) == places(float).array(of: Int64.self),
            "axis \(axis) of \(shape)")
        }
      }
    }
  }

  @Test func widerOperandsWin() {
    let x = gridValues([5, 6]).converted(to: .float16)
    let weight = gridValues([4, 6])
    let result = linear(x, weight)
    #expect(result.dtype == .float32)
    #expect(result.floats == linear(x.converted(to: .float32), weight).floats)
    #expect(layerNorm(weight, [6], weight: x[0]).dtype == .float32)
    #expect(layerNorm(x, [6], weight: weight[0]).dtype == .float16)
  }
}
