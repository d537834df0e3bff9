import Glibc
import Kernels
import TestSupport
import Testing

/// A reduction and what it is of doubles.
struct Fold: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let first: @Sendable () -> Reduction<Float>
  let then: @Sendable () -> Reduction<Float>
  let exact: @Sendable ([Double]) -> Double
  /// Whether results of floats are exact.
  let isExact: Bool

  init(
    _ name: String, _ first: @autoclosure @escaping @Sendable () -> Reduction<Float>,
    then: (@Sendable () -> Reduction<Float>)? = nil, isExact: Bool = false,
    _ exact: @escaping @Sendable ([Double]) -> Double
  ) {
    testDescription = name
    self.first = first
    self.then = then ?? first
    self.exact = exact
    self.isExact = isExact
  }

  func callAsFunction(_ run: ReducedRun, _ values: [Float]) -> [Float] {
    var result = [Float](repeating: .nan, count: run.outer * run.inner + 1)
    reduce(first(), then: then(), run, values, &result)
    return result
  }

  static let all: [Fold] = [
    Fold("sum", .sum) { $0.reduce(0, +) },
    Fold("sum of magnitudes", .sumOfMagnitudes, then: { .sum }) { $0.reduce(0) { $0 + abs($1) } },
    Fold("sum of squares", .sumOfSquares, then: { .sum }) { $0.reduce(0) { $0 + $1 * $1 } },
    Fold("largest", .largest, isExact: true) { $0.reduce(-.infinity, nanLargest) },
    Fold("smallest", .smallest, isExact: true) { -$0.reduce(-.infinity) { nanLargest($0, -$1) } },
    Fold("largest magnitude", .largestMagnitude, then: { .largest }, isExact: true) {
      $0.reduce(0) { nanLargest($0, abs($1)) }
    },
    Fold("log-sum-exp", .logSumExp) { values in
      let largest = values.max() ?? 0
      let shift = largest.isFinite ? largest : 0
      return shift + log(values.reduce(0) { $0 + exp($1 - shift) })
    },
  ]
}

private func nanLargest(_ a: Double, _ b: Double) -> Double {
  a.isNaN || b.isNaN ? .nan : max(a, b)
}

extension ReducedRun {
  /// The values of each result.
  func groups<Value>(of values: [Value]) -> [[Value]] {
    (0..<outer).flatMap { block in
      (0..<inner).map { column in
        (0..<size).map { values[(block * size + $0) * inner + column] }
      }
    }
  }

  var count: Int { outer * size * inner }
}

/// Runs that take every path: short and long rows, narrow and wide columns, parts, and nothing.
let reducedRuns: [ReducedRun] =
  [
    (1, 0, 1), (3, 0, 1), (2, 0, 5), (0, 3, 2), (2, 3, 0), (1, 1, 1), (5, 1, 1), (1, 1, 7),
    (3, 5, 1), (70, 67, 1), (3, 1000, 1), (2, 70_001, 1), (1, 300_001, 1), (4, 3, 3),
    (2, 40, 10), (1, 5003, 10), (3, 17, 64), (2, 5, 1025), (1, 300, 2050), (1, 8200, 3),
    (2, 700, 33), (1, 33_000, 2),
  ].map { ReducedRun(outer: $0.0, size: $0.1, inner: $0.2) }

@Suite struct FoldTests {
  @Test(arguments: Fold.all)
  func agreesWithItsDefinition(_ fold: Fold) {
    for run in reducedRuns {
      let values = randomValues(run.count, seed: UInt64(run.size))
      let results = fold(run, values)
      let exact = run.groups(of: values.map(Double.init)).map(fold.exact)
      expectClose(
        Array(results.dropLast()), to: exact,
        within: fold.isExact
          ? .exact : Tolerance(relative: 2e-6, absolute: 1e-6 * sqrt(Double(run.size)) * 4),
        "\(run)")
      #expect(results.last?.isNaN ?? false)
    }
  }

  /// The product of values near 1, whose exponent stays in range.
  @Test func product() {
    let fold = Fold("product", .product) { $0.reduce(1, *) }
    for run in reducedRuns {
      let values = randomValues(run.count).map { 1 + $0 / 1024 }
      let exact = run.groups(of: values.map(Double.init)).map(fold.exact)
      let size = 2e-7 * Double(max(1, run.size)).squareRoot() * 4
      expectClose(
        Array(fold(run, values).dropLast()), to: exact,
        within: Tolerance(relative: size, absolute: 1e-30), "\(run)")
    }
  }

  /// A NaN reaches the result wherever it is; infinities win.
  @Test(arguments: Fold.all)
  func specialValues(_ fold: Fold) {
    for run in reducedRuns where run.count > 0 && run.count < 100_000 {
      for (value, seed) in [(Float.nan, 1), (.infinity, 2), (-.infinity, 3)] {
        var values = randomValues(run.count, seed: UInt64(seed))
        for place in [0, run.count / 2, run.count - 1] { values[place] = value }
        let exact = run.groups(of: values.map(Double.init)).map(fold.exact)
        let results = fold(run, values)
        for (index, exact) in exact.enumerated() where !exact.isFinite {
          #expect(
            exact.isNaN ? results[index].isNaN : Double(results[index]) == exact, "\(run), \(value)"
          )
        }
      }
    }
  }

  @Test func logSumExpDoesNotOverflow() {
    let fold = Fold("", .logSumExp) { $0[0] }
    for run in [(1, 3, 1), (1, 3, 2), (1, 200_000, 1), (1, 9000, 3)].map({
      ReducedRun(outer: $0.0, size: $0.1, inner: $0.2)
    }) {
      let expected = 1000 + log(Double(run.size))
      let results = fold(run, [Float](repeating: 1000, count: run.count))
      expectClose(Array(results.dropLast()), to: [Double](repeating: expected, count: run.inner))
      let low = fold(run, [Float](repeating: -.infinity, count: run.count))
      #expect(low.dropLast().allSatisfy { $0 == -.infinity })
    }
  }

  @Test func integers() {
    for run in reducedRuns {
      let values = randomValues(run.count).map { Int64($0 * 1000) * 3_000_000_007 }
      let groups = run.groups(of: values)
      func check(
        _ kernel: Reduction<Int64>, _ start: Int64, _ step: (Int64, Int64) -> Int64
      ) {
        var result = [Int64](repeating: 77, count: run.outer * run.inner + 1)
        reduce(kernel, then: kernel, run, values, &result)
        #expect(result == groups.map { $0.reduce(start, step) } + [77], "\(run)")
      }
      check(.sum, 0, &+)
      check(.product, 1, &*)
      check(.largest, .min) { max($0, $1) }
      check(.smallest, .max) { min($0, $1) }
    }
  }

  @Test func booleans() {
    for run in reducedRuns {
      for rare in [UInt8(0), 1] {
        var values = [UInt8](repeating: 1 - rare, count: run.count)
        if run.count > 0 { values[run.count / 2] = rare }
        let groups = run.groups(of: values)
        var result = [UInt8](repeating: 77, count: run.outer * run.inner + 1)
        reduce(.any, then: .any, run, values, &result)
        #expect(result == groups.map { $0.contains(1) ? 1 : 0 } + [77], "\(run)")
        reduce(.all, then: .all, run, values, &result)
        #expect(result == groups.map { $0.contains(0) ? 0 : 1 } + [77], "\(run)")
      }
    }
  }
}
