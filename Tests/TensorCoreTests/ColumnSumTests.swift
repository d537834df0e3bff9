import Kernels
import TensorCore
import TestSupport
import Testing

/// Sums over very many rows: within 2 millionths of the exact sum, in every operation that takes
/// them. `Docs/numerics.md` names these tests.
@Suite(.serialized) struct ColumnSumTests {
  /// The float that stands for 0.1.
  private let tenth = Double(Float(0.1))

  private func parameter(_ values: [Float]) -> Tensor {
    let parameter = Tensor(values)
    parameter.requiresGrad = true
    return parameter
  }

  /// Rows that are `even` and `odd` in turn.
  private func alternating(_ count: Int, _ even: Float, _ odd: Float, columns: Int = 2) -> Tensor {
    let rows = Tensor([even, odd]).reshaped([1, 2, 1])
    return rows.expanded(to: [count / 2, 2, columns]).reshaped([count, columns])
  }

  @Test(arguments: [65_536, 1_000_003, 4_194_304])
  func linearAndBroadcasts(_ count: Int) {
    let weight = Tensor.full([4, 3], 0.5)
    weight.requiresGrad = true
    let bias = parameter([1, 2, 3, 4])
    let gradient = Tensor.full([count, 4], 0.1)
    linear(.full([count, 3], 0.1), weight, bias).backward(gradient: gradient)
    expectMillionths(bias.grad, [Double](repeating: Double(count) * tenth, count: 4), "linear")
    bias.grad = nil
    (Tensor.zeros([count, 4]) * bias + bias).backward(gradient: gradient)
    expectMillionths(bias.grad, [Double](repeating: Double(count) * tenth, count: 4), "broadcast")
  }

  /// Products over a long inner axis: chains of 256, and these in double from 16,384 on.
  @Test(.ownProducts, arguments: [65_536, 1_000_003, 4_194_304])
  func weightOfLinear(_ count: Int) {
    let weight = Tensor.full([4, 3], 0.5)
    weight.requiresGrad = true
    linear(.full([count, 3], 0.1), weight).backward(gradient: .full([count, 4], 0.1))
    let exact = Double(count) * tenth * tenth
    expectMillionths(weight.grad, [Double](repeating: exact, count: 12), "weight")
  }

  @Test(arguments: [65_536, 1_048_576, 4_194_304])
  func batchNormalizationOfRows(_ count: Int) {
    let (weight, bias) = (parameter([1, 1]), parameter([0, 0]))
    let (mean, variance) = (Tensor.zeros([2]), Tensor.zeros([2]))
    let y = batchNorm(
      alternating(count, 1.1, 0.1), weight: weight, bias: bias, runningMean: mean,
      runningVar: variance, isTraining: true, momentum: 1, epsilon: 1e-20)
    let (high, low) = (Double(Float(1.1)), tenth)
    let spread = (high - low) / 2
    let unbiased = spread * spread * Double(count) / Double(count - 1)
    expectMillionths(mean, [Double](repeating: (high + low) / 2, count: 2), "mean")
    expectMillionths(variance, [Double](repeating: unbiased, count: 2), "variance")
    y.backward(gradient: alternating(count, 0.3, 0.1))
    let half = Double(count) / 2
    let (up, down) = (Double(Float(0.3)), tenth)
    expectMillionths(bias.grad, [Double](repeating: half * (up + down), count: 2), "bias")
    expectMillionths(weight.grad, [Double](repeating: half * (up - down), count: 2), "weight")
  }

  /// Channels of few long planes, and of many short ones.
  @Test(arguments: [[2, 2, 1_048_576], [4096, 2, 256]])
  func batchNormalizationOfPlanes(_ sizes: [Int]) {
    let shape = Shape(sizes)
    let (weight, bias) = (parameter([1, 1]), parameter([0, 0]))
    let count = sizes[0] * sizes[2]
    let x = alternating(2 * count, 1.1, 0.1, columns: 1).reshaped(shape)
    let y = batchNorm(x, weight: weight, bias: bias, isTraining: true, epsilon: 1e-20)
    y.backward(gradient: alternating(2 * count, 0.3, 0.1, columns: 1).reshaped(shape))
    let half = Double(count) / 2
    let (up, down) = (Double(Float(0.3)), tenth)
    expectMillionths(bias.grad, [Double](repeating: half * (up + down), count: 2), "bias")
    expectMillionths(weight.grad, [Double](repeating: half * (up - down), count: 2), "weight")
  }

  @Test(arguments: [65_536, 1_000_003, 4_194_304])
  func rowNormalizations(_ count: Int) {
    let (weight, bias) = (parameter([1, 1]), parameter([0, 0]))
    let x = Tensor([Float(1), -1]).expanded(to: [count, 2])
    let gradient = Tensor.full([count, 2], 0.1)
    let sum = Double(count) * tenth
    layerNorm(x, [2], weight: weight, bias: bias, epsilon: 1e-20).backward(gradient: gradient)
    expectMillionths(weight.grad, [sum, -sum], "layerNorm's weight")
    expectMillionths(bias.grad, [sum, sum], "layerNorm's bias")
    (weight.grad, bias.grad) = (nil, nil)
    rmsNorm(x, [2], weight: weight, epsilon: 1e-20).backward(gradient: gradient)
    expectMillionths(weight.grad, [sum, -sum], "rmsNorm's weight")
  }

  @Test(arguments: [65_536, 1_000_003])
  func groupNormalization(_ count: Int) {
    let (weight, bias) = (parameter([1, 1]), parameter([0, 0]))
    let x = Tensor([Float(1), -1]).expanded(to: [count, 2])
    groupNorm(x, groups: 1, weight: weight, bias: bias, epsilon: 1e-20)
      .backward(gradient: .full([count, 2], 0.1))
    let sum = Double(count) * tenth
    expectMillionths(weight.grad, [sum, -sum], "weight")
    expectMillionths(bias.grad, [sum, sum], "bias")
  }

  /// One row that is named always, and rows that are named in turn; with few and many columns.
  @Test(arguments: [(65_536, 40), (1_000_003, 3), (4_194_304, 2)])
  func repeatedRows(_ count: Int, _ width: Int) {
    let weight = Tensor.zeros([3, width])
    weight.requiresGrad = true
    let gradient = Tensor.full([count, width], 0.1)
    embedding(.full([count], 1, .int32), weight).backward(gradient: gradient)
    let sum = Double(count) * tenth
    let zeros = [Double](repeating: 0, count: width)
    expectMillionths(
      weight.grad, zeros + [Double](repeating: sum, count: width) + zeros, "one row")
    weight.grad = nil
    let turns = Tensor((0..<count).map { Int32($0 % 2 * 2) })
    embedding(turns, weight).backward(gradient: gradient)
    let halves = [Double((count + 1) / 2) * tenth, Double(count / 2) * tenth]
    expectMillionths(
      weight.grad,
      [Double](repeating: halves[0], count: width) + zeros
        + [Double](repeating: halves[1], count: width), "two rows")
  }

  @Test(arguments: [65_536, 4_194_304])
  func elementsNamedOften(_ count: Int) {
    let places = Tensor.zeros([count, 1], .int64)
    let source = Tensor.full([count, 1], 0.1)
    let sum = Double(count) * tenth
    let x = Tensor.zeros([2, 1])
    x.requiresGrad = true
    x.gathered(at: places, axis: 0).backward(gradient: source)
    expectMillionths(x.grad, [sum, 0], "gathered")
    let added = Tensor.zeros([2, 1]).scatterAdded(source, at: places, axis: 0)
    expectMillionths(added, [sum, 0], "scatterAdded")
  }

  /// Many small images, and a large one.
  @Test(arguments: [[4096, 1, 16, 16], [1, 1, 1024, 1024]])
  func convolutions(_ sizes: [Int]) {
    let shape = Shape(sizes)
    let pixels = Double(sizes.reduce(1, *))
    let bias = parameter([0, 0])
    let weight = Tensor.full([2, 1, 1, 1], 0.5)
    weight.requiresGrad = true
    let x = Tensor.full(shape, 0.1)
    var gradientShape = shape
    gradientShape[1] = 2
    let gradient = Tensor.full(gradientShape, 0.1)
    let (sum, product) = (pixels * tenth, pixels * tenth * tenth)
    conv2d(x, weight, bias).backward(gradient: gradient)
    expectMillionths(bias.grad, [sum, sum], "conv2d's bias")
    expectMillionths(weight.grad, [product, product], "conv2d's weight", within: 25)
    (bias.grad, weight.grad) = (nil, nil)
    convTranspose2d(x, weight.detached().transposed(0, 1), bias).backward(gradient: gradient)
    expectMillionths(bias.grad, [sum, sum], "convTranspose2d's bias")
  }

  /// All steps of a recurrent layer.
  @Test func recurrentBias() {
    let (steps, batch) = (256, 512)
    let bias = parameter([0])
    let gates = Tensor.zeros([steps, batch, 1])
    let y = recurrent(.tanh, gates, .zeros([1, 1]), bias, from: [.zeros([batch, 1])])
    y.backward(gradient: .full(y.shape, 0.1))
    expectMillionths(bias.grad, [Double(steps * batch) * tenth], "bias")
  }

  @Test(arguments: [65_536, 1_000_003])
  func meansAndExponentials(_ count: Int) {
    let x = Tensor.full([count, 2], 0.1)
    expectMillionths(x.sum(axis: 0), [Double](repeating: Double(count) * tenth, count: 2), "sum")
    expectMillionths(x.mean(), [tenth], "mean")
    expectMillionths(alternating(count & ~1, 1.1, 0.1).variance(correction: 0), [0.25], "variance")
    let share = 1 / Double(count)
    for (name, shares) in [("rows", softmax(x.transposed())), ("columns", softmax(x, axis: 0))] {
      expectMillionths(shares.max(), [share], "softmax of \(name)")
    }
    expectMillionths(x.norm(), [tenth * Double(2 * count).squareRoot()], "norm")
    let sums = logSoftmax(x, axis: 0)
    #expect(abs(Double(sums.floats[0]) + Double(count).logarithm) < 2e-6 * 15)
    let pooled = adaptiveAvgPool2d(.full([1, 1, 1024, 1024], 0.1), size: 1)
    expectMillionths(pooled, [tenth], "adaptiveAvgPool2d")
  }

  /// Attention to very many keys alike.
  @Test(.ownProducts) func attentionToManyKeys() {
    let keys = 65_536
    let value = Tensor.full([keys, 1], 0.1)
    let result = scaledDotProductAttention(.full([1, 2], 0.3), .full([keys, 2], 0.3), value)
    expectMillionths(result, [tenth], "attention", within: 5)
  }

  /// The cost of smoothing, spread over very many classes.
  @Test func smoothingOverManyClasses() {
    let classes = 1_000_003
    let loss = crossEntropy(.zeros([1, classes]), Tensor([Int32(5)]), labelSmoothing: 0.9)
    expectMillionths(loss, [Double(classes).logarithm], "crossEntropy")
  }
}

extension Double {
  fileprivate var logarithm: Double { Tensor(Float(self)).log().item() }
}

/// Records an issue unless all values are within `limit` millionths of the expected ones.
private func expectMillionths(
  _ actual: Tensor?, _ expected: [Double], _ what: String, within limit: Double = 2,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let tolerance = Tolerance(relative: limit * 1e-6, absolute: 0)
  expectClose(
    actual?.contiguous().floats ?? [], to: expected, within: tolerance, what,
    sourceLocation: sourceLocation)
}
