import Optimizers
import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct ClippingTests {
  private func parameters(with gradients: [Tensor]) -> [Tensor] {
    gradients.map { gradient in
      let parameter = Tensor.zeros(gradient.shape)
      parameter.requiresGrad = true
      parameter.grad = gradient
      return parameter
    }
  }

  private func expectGradients(_ parameters: [Tensor], of example: FixtureCase) throws {
    for (index, parameter) in parameters.enumerated() {
      let gradient = try #require(parameter.grad)
      expectClose(gradient, to: try example.output(index), "\(example), gradient \(index)")
    }
  }

  /// Against PyTorch's: all orders, and norms that are not finite.
  @Test func byNormFollowsPyTorch() throws {
    let cases = try Fixture("optimizers").cases(of: "clipGradientNorm")
    #expect(cases.count == 6)
    for example in cases {
      let parameters = parameters(with: try example.inputs())
      let order = try example.optionalNumber("order").map { Float($0) } ?? .infinity
      #expect(
        gradientNorm(parameters + [Tensor.zeros([3])], order: order).isNaN
          == example.path.hasSuffix("NotANumber"))
      let norm = clipGradientNorm(
        parameters, maximum: Float(try example.number("maximum")), order: order)
      expectClose([norm], to: try example.requiredTensor("norm").floats.map(Double.init))
      try expectGradients(parameters, of: example)
    }
  }

  @Test func byValueFollowsPyTorch() throws {
    let cases = try Fixture("optimizers").cases(of: "clipGradientValues")
    #expect(cases.count == 1)
    for example in cases {
      let parameters = parameters(with: try example.inputs())
      clipGradientValues(parameters, maximum: Float(try example.number("maximum")))
      try expectGradients(parameters, of: example)
    }
  }

  @Test func aNormThatIsNotFiniteCanLeaveGradientsAlone() {
    let parameters = parameters(with: [Tensor([3, .infinity] as [Float]), Tensor([4] as [Float])])
    #expect(clipGradientNorm(parameters, maximum: 1, ifNonFinite: .ignore) == .infinity)
    #expect(parameters.map { $0.grad?.floats } == [[3, .infinity], [4]])
  }

  @Test func noGradientsHaveNormZero() {
    let parameter = Tensor([1, 2] as [Float])
    parameter.requiresGrad = true
    for order: Float in [1, 2, .infinity] {
      #expect(clipGradientNorm([parameter], maximum: 1, order: order) == 0)
    }
    #expect(gradientNorm(parameters(with: [Tensor.zeros([0, 3])]), order: .infinity) == 0)
  }

  /// Half a million squares: the sum is cut into parts, so that its error does not grow with them.
  @Test func theNormOfALargeGradientIsPrecise() {
    let gradient = gridValues([500_001], seed: 3)
    let exact = gradient.floats.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    expectClose(
      [gradientNorm(parameters(with: [gradient]))], to: [exact],
      within: Tolerance(relative: 1e-6, absolute: 0))
  }

  /// A parameter whose gradient is NaN.
  private static func wildParameter() -> Tensor {
    let parameter = Tensor([1] as [Float])
    parameter.requiresGrad = true
    parameter.grad = Tensor([.nan] as [Float])
    return parameter
  }

  private static let misuses: [Misuse] = [
    Misuse("clipGradientNorm: a maximum of -1.0") {
      clipGradientNorm([wildParameter()], maximum: -1)
    },
    Misuse("clipGradientNorm: the norm of the gradients is nan") {
      clipGradientNorm([wildParameter()], maximum: 1, ifNonFinite: .stop)
    },
    Misuse("gradientNorm: there is no norm of order 3.0; use 1, 2 or infinity") {
      _ = gradientNorm([wildParameter()], order: 3)
    },
    Misuse("clipGradientValues: a maximum of nan") {
      clipGradientValues([wildParameter()], maximum: .nan)
    },
  ]

  @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in try Self.misuses[index].run() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
