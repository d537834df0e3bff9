import Optimizers
import TensorCore
import TestSupport
import Testing

@Suite struct PlateauTests {
  private func makePlateau(_ example: FixtureCase) throws -> ReduceOnPlateau {
    let threshold = try example.number("threshold")
    return ReduceOnPlateau(
      from: Float(try example.number("learningRate")),
      mode: try example.text("mode") == "maximum" ? .maximum : .minimum,
      factor: try example.number("factor"), patience: try example.integer("patience") ?? 0,
      threshold: try example.flag("isRelative") ? .relative(threshold) : .absolute(threshold),
      cooldown: try example.integer("cooldown") ?? 0,
      minimumRate: Float(try example.number("minimum")))
  }

  /// Against PyTorch's; the state is moved to a new schedule after every metric.
  @Test func followsPyTorch() throws {
    let cases = try Fixture("optimizers").cases(of: "reduceOnPlateau")
    #expect(cases.count == 5)
    for example in cases {
      var plateau = try makePlateau(example)
      let rates = try example.inputs()[0].floats.map { metric in
        let rate = plateau.rate(after: Double(metric))
        let state = plateau.state
        plateau = try makePlateau(example)
        try plateau.load(state: state)
        #expect(plateau.rate == rate && plateau.state == state)
        return rate
      }
      expectClose(
        rates, to: try example.output().floats.map(Double.init), within: .relative, "\(example)")
    }
  }

  @Test func aMetricThatIsNoNumberIsNeverBetter() {
    var plateau = ReduceOnPlateau(from: 1, factor: 0.5, patience: 1)
    #expect([3, .nan, .nan, .nan].map { plateau.rate(after: $0) } == [1, 1, 0.5, 0.5])
    #expect(plateau.best == 3)
  }

  @Test(arguments: [
    (["rate": -1.0], "rate is -1.0 instead of a rate"),
    (["bad_count": 1.5], "bad_count is 1.5 instead of a count"),
    (["best": Double.nan], "best is not a number"), (["worst": 1], "unexpected: worst"),
  ])
  func aStateThatDoesNotFitIsRefused(_ change: [String: Double], _ sentence: String) {
    var plateau = ReduceOnPlateau(from: 1)
    let before = plateau.state
    let error = #expect(throws: OptimizerStateError.self) {
      try plateau.load(state: before.merging(change) { $1 })
    }
    #expect(error?.description.contains(sentence) == true)
    #expect(plateau.state == before)
    #expect(throws: OptimizerStateError.self) { try plateau.load(state: [:]) }
  }
}
