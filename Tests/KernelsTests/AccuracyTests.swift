import CKernels
import Glibc
import Kernels
import TestSupport
import Testing

/// A function of vector_math.h, the same in Double, and how far apart they may be.
private struct Function: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let kernel: @Sendable ([Float]) -> [Float]
  let exact: @Sendable (Double) -> Double
  /// In units in the last place of the exact result.
  let bound: Double
  /// Where the bound holds.
  let range: ClosedRange<Float>

  init(
    _ name: String, _ kernel: @escaping UnaryKernel,
    _ exact: @escaping @Sendable (Double) -> Double,
    within bound: Double, in range: ClosedRange<Float>
  ) {
    testDescription = name
    self.kernel = { apply(kernel, to: $0) }
    self.exact = exact
    self.bound = bound
    self.range = range
  }
}

/// The bounds lie slightly above what a sweep over all floats finds. Ranges end where results
/// become denormal.
private let functions: [Function] = [
  .init("exp", lk_exp, { exp($0) }, within: 1.1, in: -87.3...88.7),
  .init("expm1", lk_expm1, { expm1($0) }, within: 3.5, in: -110...88.7),
  .init("log", lk_log, { log($0) }, within: 0.9, in: 0x1p-149...3.4e38),
  .init("log1p", lk_log1p, { log1p($0) }, within: 1.2, in: -0.9999999...3.4e38),
  .init("tanh", lk_tanh, { tanh($0) }, within: 2.5, in: -100...100),
  .init("tanh above a half", lk_tanh, { tanh($0) }, within: 1.6, in: 0.56...100),
  .init("sigmoid", lk_sigmoid, { 1 / (1 + exp(-$0)) }, within: 2.4, in: -87.3...200),
  .init("log2", lk_log2, { log2($0) }, within: 2, in: 0x1p-149...3.4e38),
  .init("erf", lk_erf, { erf($0) }, within: 5.7, in: -10...10),
]

@Suite struct AccuracyTests {
  /// Floats spread evenly over their bit patterns: every magnitude gets its share.
  @Test(arguments: functions.indices)
  func staysWithinItsBound(_ index: Int) {
    let function = functions[index]
    let sweep = stride(from: UInt32(0), to: 0x7f80_0000, by: 4099).map(Float.init(bitPattern:))
    let points = (sweep + sweep.map { -$0 }).filter { function.range.contains($0) }
    var worst = (error: 0.0, at: Float(0))
    for (x, found) in matched(points, function.kernel(points)) {
      let exact = function.exact(Double(x))
      let unit = max(Float(exact).ulp, Float.leastNormalMagnitude.ulp)
      let error = abs(Double(found) - exact) / Double(unit)
      if !(error <= worst.error) { worst = (error, x) }
    }
    #expect(
      worst.error <= function.bound,
      "\(function.testDescription)(\(worst.at)) is \(worst.error) ulp off")
  }

  @Test(
    arguments: [
      (
        "exp", [-.infinity, -200, -104, 0, 89, 1e30, .infinity],
        [0, 0, 0, 1, .infinity, .infinity, .infinity]
      ),
      ("expm1", [-.infinity, -200, 0, 1e30, .infinity], [-1, -1, 0, .infinity, .infinity]),
      (
        "log", [-.infinity, -1, -0.0, 0, 1, .infinity],
        [.nan, .nan, -.infinity, -.infinity, 0, .infinity]
      ),
      ("log1p", [-.infinity, -2, -1, 0, .infinity], [.nan, .nan, -.infinity, 0, .infinity]),
      (
        "log2", [-.infinity, -1, 0, 0x1p-149, 0x1p-126, 0.25, 1, 8, 0x1p127, .infinity],
        [.nan, .nan, -.infinity, -149, -126, -2, 0, 3, 127, .infinity]
      ),
      ("tanh", [-.infinity, -50, 0, 50, .infinity], [-1, -1, 0, 1, 1]),
      ("sigmoid", [-.infinity, -200, 0, 200, .infinity], [0, 0, 0.5, 1, 1]),
      ("erf", [-.infinity, -6, 0, 6, .infinity], [-1, -1, 0, 1, 1]),
    ] as [(String, [Float], [Double])])
  func endsOfTheLineAreRight(_ name: String, _ points: [Float], _ expected: [Double]) throws {
    let function = try #require(functions.first { $0.testDescription == name })
    let tolerance = Tolerance(relative: name == "erf" ? 3e-7 : 0, absolute: 0)
    expectClose(function.kernel(points), to: expected, within: tolerance, name)
    // In the vector part and in the remainder.
    for count in [1, 37] {
      let values = function.kernel(Array(repeating: .nan, count: count))
      #expect(values.allSatisfy { $0.isNaN }, "\(name) of NaN")
    }
  }

  @Test func expUnderflowsGradually() throws {
    let points = stride(from: Float(-103.9), through: -87.4, by: 0.01).map { $0 }
    let unit = Double(Float.leastNonzeroMagnitude)
    for (x, found) in zip(points, apply(lk_exp, to: points)) {
      #expect(
        abs(Double(found) - exp(Double(x))) <= max(1.5 * unit, 2e-7 * exp(Double(x))), "at \(x)")
    }
  }

  /// Where it would be denormal, the faster exponential of the other functions is 0.
  @Test func sigmoidUnderflowsToZero() {
    let points = stride(from: Float(-104), through: -87.34, by: 0.01).map { $0 }
    #expect(apply(lk_sigmoid, to: points).allSatisfy { $0 == 0 })
  }
}
