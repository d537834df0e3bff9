import Optimizers
import TensorCore
import TestSupport
import Testing

@Suite struct TrajectoryTests {
  /// Twenty steps of three parameters against PyTorch's in Float64.
  ///
  /// Every step rounds the parameter once, by at most 6e-8 of its size, and its update by a few
  /// times that: 20 steps stay within 2e-6 · (1 + |value|).
  @Test(arguments: ["sgd", "adam", "adamW"])
  func followsPyTorch(_ name: String) throws {
    let cases = try Fixture("optimizers").cases(of: name)
    #expect(!cases.isEmpty)
    for example in cases {
      let parameters = try example.inputs()
      for parameter in parameters { parameter.requiresGrad = true }
      let optimizer = try makeOptimizer(name, parameters, example)
      let gradients = try parameters.indices.map { try example.requiredTensor("gradients\($0)") }
      let expected = try parameters.indices.map { try example.requiredTensor("output\($0)") }
      for step in 0..<expected[0].shape[0] {
        for (parameter, all) in zip(parameters, gradients) {
          parameter.grad = row(step, of: all, parameter.shape)
        }
        optimizer.step()
        for (index, parameter) in parameters.enumerated() {
          expectClose(
            parameter, to: row(step, of: expected[index], parameter.shape),
            within: Tolerance(relative: 2e-6, absolute: 2e-6),
            "\(example), parameter \(index), step \(step)")
        }
      }
    }
  }

  private func makeOptimizer(
    _ name: String, _ parameters: [Tensor], _ example: FixtureCase
  ) throws -> any Optimizer {
    let rate = Float(try example.number("learningRate"))
    let decay = Float(try example.number("weightDecay"))
    if name == "sgd" {
      return SGD(
        parameters, learningRate: rate, momentum: Float(try example.number("momentum")),
        dampening: Float(try example.number("dampening")), weightDecay: decay,
        nesterov: try example.flag("nesterov"))
    }
    let betas = (try example.number("beta1"), try example.number("beta2"))
    let epsilon = Float(try example.number("epsilon"))
    return name == "adam"
      ? Adam(parameters, learningRate: rate, betas: betas, epsilon: epsilon, weightDecay: decay)
      : AdamW(parameters, learningRate: rate, betas: betas, epsilon: epsilon, weightDecay: decay)
  }

  private func row(_ index: Int, of tensor: Tensor, _ shape: Shape) -> Tensor {
    let size = shape.elementCount
    return Tensor(Array(tensor.floats[(index * size)..<((index + 1) * size)]), shape: shape)
  }
}
