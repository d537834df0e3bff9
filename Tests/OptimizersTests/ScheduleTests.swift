import Optimizers
import TensorCore
import TestSupport
import Testing

@Suite(.serialized) struct ScheduleTests {
  /// Every learning rate of every schedule against PyTorch's, and every plateau's.
  @Test(arguments: [
    "stepLR", "multiStepLR", "exponentialLR", "cosineAnnealingLR", "cosineAnnealingWarmRestarts",
    "linearLR", "constantLR", "oneCycleLR", "polynomialLR", "sequentialLR",
  ])
  func followsPyTorch(_ name: String) throws {
    let cases = try Fixture("optimizers").cases(of: name)
    #expect(!cases.isEmpty)
    for example in cases {
      let schedule = try makeSchedule(example)
      let expected = try example.output().floats.map(Double.init)
      // PyTorch multiplies its way from step to step; its rates are in Float64.
      expectClose(
        expected.indices.map { schedule.rate(at: $0) }, to: expected,
        within: Tolerance(relative: 1e-6, absolute: 1e-9), "\(example)")
    }
  }

  private func makeSchedule(_ example: FixtureCase) throws -> Schedule {
    func float(_ name: String) throws -> Float { Float(try example.number(name)) }
    func integer(_ name: String) throws -> Int { try example.integer(name) ?? 0 }
    if example.operation == "oneCycleLR" {
      return .oneCycle(
        maximum: try float("maximum"), over: try integer("steps"),
        warmupFraction: try example.number("warmupFraction"),
        startDivisor: try example.number("startDivisor"),
        endDivisor: try example.number("endDivisor"),
        anneal: try example.text("anneal") == "cosine" ? .cosine : .linear)
    }
    let rate = try float("learningRate")
    switch example.operation {
    case "stepLR":
      return .step(
        from: rate, every: try integer("stepSize"), factor: try example.number("gamma"))
    case "multiStepLR":
      return .multiStep(
        from: rate, at: try example.integers("milestones") ?? [],
        factor: try example.number("gamma"))
    case "exponentialLR": return .exponential(from: rate, factor: try example.number("gamma"))
    case "cosineAnnealingLR":
      return .cosine(from: rate, to: try float("minimum"), over: try integer("steps"))
    case "cosineAnnealingWarmRestarts":
      return .cosineWithRestarts(
        from: rate, to: try float("minimum"), every: try integer("period"),
        multiplier: try integer("multiplier"))
    case "linearLR":
      return .linear(
        from: rate * (try float("startFactor")), to: rate * (try float("endFactor")),
        over: try integer("steps"))
    case "constantLR":
      return .constant(rate).scaled(by: try float("factor"))
        .then(.constant(rate), after: try integer("steps"))
    case "polynomialLR":
      return .polynomial(
        from: rate, over: try integer("steps"), power: try example.number("power"))
    default:
      return Schedule.cosine(from: rate, to: 0.01, over: try integer("steps"))
        .then(
          .exponential(from: rate, factor: try example.number("gamma")),
          after: try integer("steps")
        )
        .warmedUp(for: try integer("warmup"), from: 0.1)
    }
  }

  @Test func warmUpClimbsEvenlyAndLosesNoStep() {
    let schedule = Schedule.constant(0.5).warmedUp(for: 4)
    expectClose((0..<7).map { schedule.rate(at: $0) }, to: [0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5])
    #expect(Schedule.constant(0.5).warmedUp(for: 0).rate(at: 0) == 0.5)
  }

  @Test func theLastRateStays() {
    #expect(Schedule.cosine(from: 1, to: 0.25, over: 10).rate(at: 1000) == 0.25)
    #expect(Schedule.linear(from: 1, to: 0.25, over: 10).rate(at: 1000) == 0.25)
    #expect(Schedule.polynomial(from: 1, to: 0.25, over: 10, power: 2).rate(at: 11) == 0.25)
    let oneCycle = Schedule.oneCycle(maximum: 1, over: 10)
    #expect(oneCycle.rate(at: 9) == oneCycle.rate(at: 1000))
  }

  @Test func scalesWithTheBatch() {
    #expect(LearningRateScaling.linear.rate(0.1, ofBatch: 256, forBatch: 8192) == 3.2)
    #expect(LearningRateScaling.squareRoot.rate(0.1, ofBatch: 256, forBatch: 1024) == 0.2)
    #expect(LearningRateScaling.linear.rate(0.5, ofBatch: 64, forBatch: 16) == 0.125)
  }

  private static let misuses: [Misuse] = [
    Misuse("Schedule.cosine: 0 steps; there must be at least one") {
      _ = Schedule.cosine(from: 1, to: 0, over: 0)
    },
    Misuse("Schedule.then: after -1 steps; there must be none or more") {
      _ = Schedule.constant(1).then(.constant(2), after: -1)
    },
    Misuse("Schedule.oneCycle: a warm-up of 1.5 is no share of the steps") {
      _ = Schedule.oneCycle(maximum: 1, over: 10, warmupFraction: 1.5)
    },
    Misuse("LearningRateScaling: from a batch of 0 to one of 64; both must be positive") {
      _ = LearningRateScaling.linear.rate(1, ofBatch: 0, forBatch: 64)
    },
    Misuse("ReduceOnPlateau: a factor of 1.0 is not from 0 to below 1") {
      _ = ReduceOnPlateau(from: 1, factor: 1)
    },
    Misuse("Schedule.cosineWithRestarts: a multiplier of 0 is below 1") {
      _ = Schedule.cosineWithRestarts(from: 1, every: 5, multiplier: 0)
    },
  ]

  @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in try Self.misuses[index].run() }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
