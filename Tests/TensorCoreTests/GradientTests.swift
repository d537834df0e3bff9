import TensorCore
import TestSupport
import Testing

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
    let centered = $0[0] - $0[0].mean(axis: 1, keepingAxes: true)
    return centered / (centered.squared().mean(axis: 1, keepingAxes: true) + 0.5).squareRoot()
  },
]

@Suite struct GradientTests {
  @Test(arguments: families.flatMap(\.differentiable))
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
      let values = x.detached()
      return values.squared().recorded("square", [x.edge { $0 * values * factor }])
    }
    #expect((error == nil) == (factor == 2))
  }

  @Test func oneWrongElementAmongManyIsFound() {
    let error = gradientError(at: [gridValues([100])]) { inputs in
      let x = inputs[0]
      let values = x.detached()
      let wrong = Tensor((0..<100).map { $0 == 77 ? 2.01 : 2 } as [Float])
      return values.squared().recorded("square", [x.edge { $0 * values * wrong }])
    }
    #expect(error != nil)
  }
}
