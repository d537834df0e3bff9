import TensorCore
import TestSupport
import Testing

/// A function of tensors, where to differentiate it, and its name for reports.
struct Differentiable: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let shapes: [Shape]
  var range: ClosedRange<Float> = -2...2
  let function: @Sendable ([Tensor]) -> Tensor

  init(
    _ name: String, _ shapes: [Shape], in range: ClosedRange<Float> = -2...2,
    _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    testDescription = name
    self.shapes = shapes
    self.range = range
    self.function = function
  }

  var inputs: [Tensor] {
    shapes.enumerated().map { gridValues($1, in: range, seed: UInt64($0 + 1)) }
  }
}

private let operations: [Differentiable] = [
  .init("add", [[3, 4], [4]]) { $0[0] + $0[1] },
  .init("subtract", [[3, 1], [2, 1, 4]]) { $0[0] - $0[1] },
  .init("multiply", [[2, 1, 4], [3, 1]]) { $0[0] * $0[1] },
  .init("divide", [[3, 4], [3, 1]], in: 0.75...2) { $0[0] / $0[1] },
  .init("negate", [[5]]) { -$0[0] },
  .init("add a scalar", [[5]]) { 1.5 + ($0[0] + 2) },
  .init("subtract a scalar", [[5]]) { ($0[0] - 2) * (3 - $0[0]) },
  .init("multiply by a scalar", [[5]]) { 0.5 * $0[0] * -3 },
  .init("divide by a scalar", [[5]], in: 0.75...2) { $0[0] / 4 + 2 / $0[0] },
  .init("squared", [[7]]) { $0[0].squared() },
  .init("exp", [[7]]) { $0[0].exp() },
  .init("log", [[7]], in: 0.75...3) { $0[0].log() },
  .init("squareRoot", [[7]], in: 0.75...3) { $0[0].squareRoot() },
  .init("relu above 0", [[7]], in: 0.125...2) { relu($0[0]) },
  .init("relu below 0", [[7]], in: -2...(-0.125)) { relu($0[0]) },
  .init("tanh", [[7]]) { tanh($0[0]) },
  .init("sigmoid", [[7]]) { sigmoid($0[0]) },
  .init("sum", [[3, 4, 2]]) { $0[0].sum() },
  .init("sum of outer and inner axes", [[3, 4, 2]]) { $0[0].sum(axes: [0, 2]) },
  .init("mean of an axis, kept", [[3, 4, 2]]) { $0[0].mean(axis: 1, keepingAxis: true) },
  .init("matmul", [[3, 4], [4, 5]]) { matmul($0[0], $0[1]) },
  .init("matmul of transposes", [[4, 3], [5, 4]]) {
    matmul($0[0].transposed(), $0[1].transposed())
  },
  .init("linear", [[2, 3, 4], [5, 4], [5]]) { linear($0[0], $0[1], $0[2]) },
  .init("linear without bias", [[4], [5, 4]]) { linear($0[0], $0[1]) },
  .init("softmax", [[3, 5]]) { softmax($0[0]) },
  .init("softmax over the first axis", [[4, 2, 3]]) { softmax($0[0], axis: 0) },
  .init("logSoftmax over the last axis", [[3, 5]]) { logSoftmax($0[0], axis: 1) },
  .init("crossEntropy", [[4, 5]]) { crossEntropy($0[0], Tensor([0, 4, 2, 2] as [Int32])) },
  .init("crossEntropy of each sample", [[4, 5]]) {
    crossEntropy($0[0], Tensor([0, 4, 2, 2] as [Int64]), reduction: .none)
  },
  .init("mseLoss", [[3, 4], [3, 4]]) { mseLoss($0[0], $0[1]) },
  .init("reshaped", [[3, 4]]) { $0[0].reshaped([2, -1]) },
  .init("flattened", [[2, 3, 2]]) { $0[0].flattened(from: 1) },
  .init("transposed", [[2, 3, 2]]) { $0[0].transposed(0, 1) },
  .init("permuted", [[2, 3, 4]]) { $0[0].permuted([2, 0, 1]) },
  .init("expanded", [[3, 1]]) { $0[0].expanded(to: [2, 3, 4]) },
  .init("squeezed", [[3, 1, 2]]) { $0[0].squeezed(1) },
  .init("unsqueezed", [[3, 2]]) { $0[0].unsqueezed(-1) },
]

private let compositions: [Differentiable] = [
  .init("used twice by one operation", [[5]]) { $0[0] * $0[0] },
  .init("divided by itself", [[5]], in: 0.75...2) { $0[0] / $0[0] + $0[0] },
  .init("a diamond", [[3, 4]]) { x in
    let y = tanh(x[0])
    return y * sigmoid(y) + y.squared()
  },
  .init("a view and its base", [[4, 4]]) { $0[0].transposed() * $0[0] },
  .init("a matrix with itself", [[4, 4]]) { matmul($0[0], $0[0].transposed()) },
  .init("one weight in two layers", [[3, 4], [4, 4]]) { linear(tanh(linear($0[0], $0[1])), $0[1]) },
  .init("views of views", [[2, 3, 4]]) {
    $0[0].permuted([2, 0, 1]).reshaped([8, 3]).transposed().expanded(to: [2, 3, 8]).squared()
  },
  .init("a network", [[8, 6], [7, 6], [7], [3, 7], [3]], in: -1...1) {
    let hidden = tanh(linear($0[0], $0[1], $0[2]))
    return crossEntropy(linear(hidden, $0[3], $0[4]), Tensor([0, 1, 2, 0, 1, 2, 0, 1] as [Int32]))
  },
  .init("normalisation by hand", [[4, 6]]) {
    let centred = $0[0] - $0[0].mean(axis: 1, keepingAxis: true)
    return centred / (centred.squared().mean(axis: 1, keepingAxis: true) + 0.5).squareRoot()
  },
]

@Suite struct GradientTests {
  @Test(arguments: operations)
  func operationAgreesWithFiniteDifferences(_ operation: Differentiable) {
    checkGradients(at: operation.inputs, operation.function)
  }

  @Test(arguments: compositions)
  func compositionAgreesWithFiniteDifferences(_ composition: Differentiable) {
    checkGradients(at: composition.inputs, composition.function)
  }

  /// The check itself must be able to fail: a square whose gradient is `factor · x` is right for 2
  /// only.
  @Test(arguments: [Float(-2), 0, 1, 1.99, 2, 2.01], [5, 100])
  func wrongFactorIsFound(_ factor: Float, _ count: Int) {
    let error = gradientError(at: [gridValues([count])]) { inputs in
      let x = inputs[0]
      let values = x.detach()
      return values.squared().recorded("square", [x.edge { $0 * values * factor }])
    }
    #expect((error == nil) == (factor == 2))
  }

  @Test func oneWrongElementAmongManyIsFound() {
    let error = gradientError(at: [gridValues([100])]) { inputs in
      let x = inputs[0]
      let values = x.detach()
      let wrong = Tensor((0..<100).map { $0 == 77 ? 2.01 : 2 } as [Float])
      return values.squared().recorded("square", [x.edge { $0 * values * wrong }])
    }
    #expect(error != nil)
  }
}
