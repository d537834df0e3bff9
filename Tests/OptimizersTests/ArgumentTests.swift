import Optimizers
import TensorCore
import TestSupport
import Testing

/// Numbers that no optimiser and no schedule can do anything with.
@Suite(.serialized) struct ArgumentTests {
  private static let misuses: [(sentence: String, body: @Sendable () -> Void)] = [
    ("SGD: learning rate -1.0 is negative or not finite", { _ = SGD([one], learningRate: -1) }),
    ("SGD: learning rate nan is negative or not finite", { _ = SGD([one], learningRate: .nan) }),
    ("SGD: learning rate inf is negative or not", { _ = SGD([one], learningRate: .infinity) }),
    ("SGD: momentum -0.5 is negative", { _ = SGD([one], learningRate: 1, momentum: -0.5) }),
    ("SGD: weight decay nan is negative", { _ = SGD([one], learningRate: 1, weightDecay: .nan) }),
    (
      "SGD: dampening nan is not finite",
      { _ = SGD([one], learningRate: 1, momentum: 0.9, dampening: .nan) }
    ),
    ("AdamW: epsilon -1.0 is negative or not finite", { _ = AdamW([one], epsilon: -1) }),
    ("AdamW: weight decay inf is negative", { _ = AdamW([one], weightDecay: .infinity) }),
    ("Adam: betas nan and 0.9; both must be", { _ = Adam([one], betas: (.nan, 0.9)) }),
    ("Lion: betas 0.9 and -0.1; both must be", { _ = Lion([one], betas: (0.9, -0.1)) }),
    ("RMSprop: alpha -1.0 is negative", { _ = RMSprop([one], alpha: -1) }),
    ("RMSprop: momentum nan is negative", { _ = RMSprop([one], momentum: .nan) }),
    ("Adagrad: learning rate decay -1.0 is", { _ = Adagrad([one], learningRateDecay: -1) }),
    ("Adagrad: initial accumulator nan is", { _ = Adagrad([one], initialAccumulator: .nan) }),
    (
      "LARS: trust coefficient nan is negative",
      { _ = LARS([one], learningRate: 1, trustCoefficient: .nan) }
    ),
    (
      "ParameterGroup: learning rate scale inf is negative or not finite",
      { _ = ParameterGroup([one], learningRateScale: .infinity) }
    ),
    ("SGD: no parameters to train", { _ = SGD([Tensor](), learningRate: 1) }),
    (
      "SGD: parameter 0 of shape [1] is no leaf that requires a gradient",
      { _ = SGD([one * 2], learningRate: 1) }
    ),
    ("Schedule.constant: rate nan is negative", { _ = Schedule.constant(.nan) }),
    ("Schedule.linear: last rate -1.0 is", { _ = Schedule.linear(from: 1, to: -1, over: 5) }),
    (
      "Schedule.polynomial: power -1.0 is negative",
      { _ = Schedule.polynomial(from: 1, over: 5, power: -1) }
    ),
    ("Schedule.step: factor nan is", { _ = Schedule.step(from: 1, every: 5, factor: .nan) }),
    (
      "Schedule.multiStep: factor -0.5 is",
      { _ = Schedule.multiStep(from: 1, at: [3], factor: -0.5) }
    ),
    (
      "Schedule.exponential: factor inf is",
      { _ = Schedule.exponential(from: 1, factor: .infinity) }
    ),
    (
      "Schedule.cosine: first rate inf is", { _ = Schedule.cosine(from: .infinity, to: 0, over: 5) }
    ),
    (
      "Schedule.cosineWithRestarts: last rate nan is",
      { _ = Schedule.cosineWithRestarts(from: 1, to: .nan, every: 5) }
    ),
    ("Schedule.oneCycle: maximum -1.0 is", { _ = Schedule.oneCycle(maximum: -1, over: 5) }),
    ("Schedule.warmedUp: start -1.0 is", { _ = Schedule.constant(1).warmedUp(for: 5, from: -1) }),
    ("Schedule.scaled: factor nan is", { _ = Schedule.constant(1).scaled(by: .nan) }),
    ("Schedule.rate: step -1; steps count from 0", { _ = Schedule.constant(1).rate(at: -1) }),
    ("ReduceOnPlateau: rates inf and at least 0.0", { _ = ReduceOnPlateau(from: .infinity) }),
    (
      "ReduceOnPlateau: threshold nan and epsilon 1e-08 must be finite",
      { _ = ReduceOnPlateau(from: 1, threshold: .relative(.nan)) }
    ),
    (
      "LearningRateScaling: rate nan is negative",
      { _ = LearningRateScaling.linear.rate(.nan, ofBatch: 1, forBatch: 2) }
    ),
    ("clipGradientNorm: a maximum of nan", { _ = clipGradientNorm([one], maximum: .nan) }),
    ("clipGradientValues: a maximum of -1.0", { clipGradientValues([one], maximum: -1) }),
    ("GradientScaler: initial scale nan", { _ = GradientScaler(initialScale: .nan) }),
    ("GradientScaler: growth interval 0; it must be", { _ = GradientScaler(growthInterval: 0) }),
  ]

  private static var one: Tensor {
    let tensor = Tensor.ones([1])
    tensor.requiresGrad = true
    return tensor
  }

  @Test(arguments: misuses.indices)
  func refusedArgumentStopsWithASentence(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in Self.misuses[index].body() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
