import Optimizers
import TensorCore
import TestSupport
import Testing

@Suite struct TrajectoryTests {
  /// Every step rounds the parameter once, by at most 6e-8 of its size, and its update by a few
  /// times that: 20 steps stay within 2e-6 · (1 + |value|).
  private let tolerance = Tolerance(relative: 2e-6, absolute: 2e-6)

  /// Twenty steps of three parameters against PyTorch's in Float64; where PyTorch has no such
  /// optimiser, against its paper's formulas.
  @Test(arguments: ["sgd", "adam", "adamW", "adagrad", "rmsProp", "lion", "lamb", "lars"])
  func followsPyTorch(_ name: String) throws {
    let cases = try Fixture("optimizers").cases(of: name)
    #expect(!cases.isEmpty)
    for example in cases {
      try follow(example) { try makeOptimizer(example, $0) }
    }
  }

  /// Groups with options of their own, and a learning rate that changes on the way.
  @Test func groupsFollowPyTorch() throws {
    let cases = try Fixture("optimizers").cases(of: "groups")
    #expect(cases.count == 4)
    for example in cases {
      try follow(example, rate: { $0 < 10 ? 0.05 : 0.025 }) { parameters in
        try grouped(example, parameters)
      }
    }
  }

  /// A state that is moved to a fresh optimiser half-way changes no bit of what follows.
  @Test(arguments: ["sgd", "adam", "adamW", "adagrad", "rmsProp", "lion", "lamb", "lars"])
  func aRestoredOptimizerContinues(_ name: String) throws {
    for example in try Fixture("optimizers").cases(of: name) {
      let (straight, moved) = (try example.trainedInputs(), try example.trainedInputs())
      let names = moved.enumerated().map { (name: "layers.\($0.offset).w", tensor: $0.element) }
      let optimizer = try makeOptimizer(example, straight)
      let first = try makeOptimizer(example, moved)
      first.learningRate *= 0.5
      optimizer.learningRate *= 0.5
      for step in 0..<8 {
        try example.setGradients(of: straight, step)
        try example.setGradients(of: moved, step)
        optimizer.step()
        first.step()
      }
      let second = try makeOptimizer(example, moved)
      try second.load(state: first.state(naming: names), naming: names)
      for step in 8..<20 {
        try example.setGradients(of: straight, step)
        try example.setGradients(of: moved, step)
        optimizer.step()
        second.step()
      }
      #expect(straight.map(\.floats) == moved.map(\.floats), "\(example)")
    }
  }

  private func follow(
    _ example: FixtureCase, rate: ((Int) -> Float)? = nil,
    _ make: ([Tensor]) throws -> any Optimizer
  ) throws {
    let parameters = try example.trainedInputs()
    let optimizer = try make(parameters)
    let expected = try parameters.indices.map { try example.requiredTensor("output\($0)") }
    for step in 0..<expected[0].shape[0] {
      if let rate { optimizer.learningRate = rate(step) }
      try example.setGradients(of: parameters, step)
      optimizer.step()
      for (index, parameter) in parameters.enumerated() {
        expectClose(
          parameter, to: row(step, of: expected[index], parameter.shape), within: tolerance,
          "\(example), parameter \(index), step \(step)")
      }
    }
  }

  private func grouped(_ example: FixtureCase, _ parameters: [Tensor]) throws -> any Optimizer {
    let isAdam = example.path.hasSuffix("adamW") || example.path.hasSuffix("lamb")
    let betas = (try example.number("beta1"), try example.number("beta2"))
    let groups = [
      ParameterGroup(
        Array(parameters[..<1]), weightDecay: Float(try example.number("weightDecay"))),
      ParameterGroup(
        Array(parameters[1...]), learningRateScale: Float(try example.number("scale")),
        weightDecay: 0, momentum: isAdam ? nil : Float(try example.number("momentum")),
        betas: isAdam ? betas : nil, usesTrustRatio: false),
    ]
    return switch example.path {
    case "groups/adamW": AdamW(groups)
    case "groups/lamb": LAMB(groups)
    case "groups/lars": LARS(groups, learningRate: 1, momentum: 0.9, trustCoefficient: 0.1)
    default: SGD(groups, learningRate: 1, momentum: 0.9)
    }
  }
}
