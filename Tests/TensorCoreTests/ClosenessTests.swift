import TestSupport
import Testing

/// The measure that other tests judge by.
@Suite struct ClosenessTests {
  private let tolerance = Tolerance(relative: 0.1, absolute: 0.01)

  @Test(arguments: [
    (1.0, 1.0, true), (1.1, 1.0, true), (1.12, 1.0, false), (0.88, 1.0, false), (0.01, 0, true),
    (0.02, 0, false), (-1, 1, false), (.nan, .nan, true), (.nan, 1, false), (1, .nan, false),
    (.infinity, .infinity, true), (.infinity, -.infinity, false), (.infinity, 1e300, false),
    (1e300, .infinity, false), (-.infinity, -.infinity, true), (0.0, -0.0, true),
  ])
  func judgesPairs(_ actual: Double, _ expected: Double, _ isClose: Bool) {
    #expect((difference([actual], [expected], tolerance) == nil) == isClose)
    if actual.isFinite || expected.isFinite {
      #expect((difference([actual], [expected], .exact) == nil) == (actual == expected))
    }
  }

  @Test func namesTheWorst() {
    let quarter = Tolerance(relative: 0.25, absolute: 0.25)
    #expect(
      difference([1, 3, 9, 4], [1, 2, 3, 4], quarter)
        == "at 2: 9.0 instead of 3.0, 6.0 times the tolerance; 2 of 4 values are wrong")
    #expect(difference([1], [1, 2]) == "1 values instead of 2")
    #expect(difference([], []) == nil)
  }
}
