import Kernels
import TestSupport
import Testing

/// Updates against plain loops in Double: every size, and the same bits for any number of threads.
@Suite(.serialized) struct UpdateTests {
  /// The memory of an update: the parameter, its gradient, and up to three state arrays.
  private typealias Memory = [UnsafeMutablePointer<Float>]

  private struct Example: Sendable {
    let name: String
    let run: @Sendable (_ count: Int, Memory) -> Void
    /// Changes the parameter x[0] and the state x[2...] of one element by its gradient x[1].
    let reference: @Sendable (_ x: inout [Double]) -> Void
  }

  private static let examples: [Example] = [
    Example(name: "SGD") { count, x in
      sgdUpdate(
        count: count, x[0], x[1], velocity: nil, learningRate: 0.5, momentum: 0, dampening: 0,
        weightDecay: 0.25, nesterov: false, isFirst: false)
    } reference: { x in
      x[0] -= 0.5 * (x[1] + 0.25 * x[0])
    },
    Example(name: "SGD with Nesterov momentum") { count, x in
      sgdUpdate(
        count: count, x[0], x[1], velocity: x[2], learningRate: 0.5, momentum: 0.75, dampening: 0,
        weightDecay: 0.25, nesterov: true, isFirst: false)
    } reference: { x in
      let d = x[1] + 0.25 * x[0]
      x[2] = 0.75 * x[2] + d
      x[0] -= 0.5 * (d + 0.75 * x[2])
    },
    Example(name: "SGD, first step") { count, x in
      sgdUpdate(
        count: count, x[0], x[1], velocity: x[2], learningRate: 0.5, momentum: 0.75, dampening: 0.5,
        weightDecay: 0, nesterov: false, isFirst: true)
    } reference: { x in
      x[2] = x[1]
      x[0] -= 0.5 * x[1]
    },
    adam("Adam", largest: false, isDecoupled: false),
    adam("AdamW with AMSGrad", largest: true, isDecoupled: true),
    Example(name: "Adagrad") { count, x in
      adagradUpdate(
        count: count, x[0], x[1], sum: x[3], learningRate: 0.5, epsilon: 0.125, weightDecay: 0.25)
    } reference: { x in
      let d = x[1] + 0.25 * x[0]
      x[3] += d * d
      x[0] -= 0.5 * d / (x[3].squareRoot() + 0.125)
    },
    rmsProp("RMSprop", centered: false, momentum: false),
    rmsProp("RMSprop, centred", centered: true, momentum: false),
    rmsProp("RMSprop with momentum", centered: false, momentum: true),
    rmsProp("RMSprop, centred, with momentum", centered: true, momentum: true),
    Example(name: "Lion") { count, x in
      lionUpdate(
        count: count, x[0], x[1], mean: x[2], learningRate: 0.5, betas: (0.75, 0.875),
        weightDecay: 0.25)
    } reference: { x in
      let direction = 0.75 * x[2] + 0.25 * x[1]
      x[0] -= 0.5 * ((direction > 0 ? 1 : direction < 0 ? -1 : 0) + 0.25 * x[0])
      x[2] = 0.875 * x[2] + 0.125 * x[1]
    },
    Example(name: "LARS") { count, x in
      larsUpdate(
        count: count, x[0], x[1], velocity: x[2], learningRate: 0.5, momentum: 0.75,
        weightDecay: 0.25)
    } reference: { x in
      x[2] = 0.75 * x[2] + 0.5 * (x[1] + 0.25 * x[0])
      x[0] -= x[2]
    },
    Example(name: "LAMB without a trust ratio") { count, x in
      lamb(count, x) { _, _ in 1 }
    } reference: { x in
      x[0] -= 0.5 * lambDirection(&x)
    },
  ]

  private static func adam(_ name: String, largest: Bool, isDecoupled: Bool) -> Example {
    Example(name: name) { count, x in
      adamUpdate(
        count: count, x[0], x[1], firstMoment: x[2], secondMoment: x[3],
        largestSecondMoment: largest ? x[4] : nil, learningRate: 0.5,
        MomentRates(betas: (0.75, 0.875), step: 3), epsilon: 0.125, weightDecay: 0.25,
        isDecoupled: isDecoupled)
    } reference: { x in
      let d = x[1] + (isDecoupled ? 0 : 0.25 * x[0])
      if isDecoupled { x[0] *= 1 - 0.5 * 0.25 }
      x[2] = 0.75 * x[2] + 0.25 * d
      x[3] = 0.875 * x[3] + 0.125 * d * d
      if largest { x[4] = max(x[4], x[3]) }
      let square = (largest ? x[4] : x[3]) / (1 - 0.875 * 0.875 * 0.875)
      x[0] -= 0.5 * x[2] / (1 - 0.75 * 0.75 * 0.75) / (square.squareRoot() + 0.125)
    }
  }

  private static func rmsProp(_ name: String, centered: Bool, momentum: Bool) -> Example {
    Example(name: name) { count, x in
      rmsPropUpdate(
        count: count, x[0], x[1], square: x[3], mean: centered ? x[2] : nil,
        velocity: momentum ? x[4] : nil, learningRate: 0.5, alpha: 0.75, epsilon: 0.125,
        weightDecay: 0.25, momentum: 0.5)
    } reference: { x in
      let d = x[1] + 0.25 * x[0]
      x[3] = 0.75 * x[3] + 0.25 * d * d
      if centered { x[2] = 0.75 * x[2] + 0.25 * d }
      let square = max(0, x[3] - (centered ? x[2] * x[2] : 0))
      let step = d / (square.squareRoot() + 0.125)
      if momentum { x[4] = 0.5 * x[4] + step }
      x[0] -= 0.5 * (momentum ? x[4] : step)
    }
  }

  private static func lamb(
    _ count: Int, _ x: Memory, _ trustRatio: (Double, Double) -> Double
  ) {
    lambUpdate(
      count: count, x[0], x[1], firstMoment: x[2], secondMoment: x[3], learningRate: 0.5,
      MomentRates(betas: (0.75, 0.875), step: 2), epsilon: 0.125, weightDecay: 0.25,
      trustRatio: trustRatio)
  }

  private static func lambDirection(_ x: inout [Double]) -> Double {
    x[2] = 0.75 * x[2] + 0.25 * x[1]
    x[3] = 0.875 * x[3] + 0.125 * x[1] * x[1]
    let (mean, square) = (x[2] / (1 - 0.75 * 0.75), x[3] / (1 - 0.875 * 0.875))
    return mean / (square.squareRoot() + 0.125) + 0.25 * x[0]
  }

  /// Values of `count` elements: squares and their maxima are not negative, and means are small
  /// beside the roots of the squares, so that a variance does not vanish.
  private func makeValues(_ count: Int) -> [[Float]] {
    let values = (0..<5).map { randomValues(count, seed: UInt64($0 + 1)) }
    return [
      values[0], values[1], values[2].map { $0 / 8 }, values[3].map { $0 * $0 + 1 },
      values[4].map { abs($0) },
    ]
  }

  private func updated(
    _ values: [[Float]], _ body: (_ count: Int, Memory) -> Void
  ) -> [[Float]] {
    let count = values[0].count
    let memory = values.map { values in
      let pointer = Memory.Element.allocate(capacity: max(1, count))
      pointer.initialize(from: values, count: count)
      return pointer
    }
    defer { for pointer in memory { pointer.deallocate() } }
    body(count, memory)
    return memory.map { Array(UnsafeBufferPointer(start: $0, count: count)) }
  }

  @Test(arguments: examples.indices)
  func equalsItsFormula(_ index: Int) {
    let example = Self.examples[index]
    for count in testSizes {
      let values = makeValues(count)
      var expected = values.map { $0.map(Double.init) }
      for element in 0..<count {
        var x = expected.map { $0[element] }
        example.reference(&x)
        for (array, value) in x.enumerated() { expected[array][element] = value }
      }
      for (array, actual) in updated(values, example.run).enumerated() {
        expectClose(
          actual, to: expected[array], within: Tolerance(relative: 1e-6, absolute: 2e-6),
          "\(example.name), array \(array) of \(count)")
      }
    }
  }

  /// The norms that LAMB scales by are those of the parameter before, and of its update.
  @Test func lambMeasuresTheNorms() {
    for count in [1, 17, 4096, 4097, 100_003] {
      let values = makeValues(count)
      var (parameter, update) = (0.0, 0.0)
      for element in 0..<count {
        var x = values.map { Double($0[element]) }
        parameter += x[0] * x[0]
        let u = Self.lambDirection(&x)
        update += u * u
      }
      var norms: [Float] = []
      _ = updated(values) { count, x in
        Self.lamb(count, x) {
          norms = [Float($0), Float($1)]
          return 1
        }
      }
      expectClose(norms, to: [parameter.squareRoot(), update.squareRoot()], within: .relative)
    }
  }

  @Test(arguments: examples.indices)
  func bitsDoNotDependOnThreads(_ index: Int) {
    expectSameBitsOnAllThreads(Self.examples[index].run, Self.examples[index].name)
  }

  @Test func bitsOfLAMBDoNotDependOnThreads() {
    expectSameBitsOnAllThreads({ count, x in Self.lamb(count, x) { $0 / $1 } }, "LAMB")
  }

  private func expectSameBitsOnAllThreads(_ run: (Int, Memory) -> Void, _ name: String) {
    let values = makeValues(300_007)
    let one = withThreads(1) { updated(values, run) }
    for threads in 2...4 {
      let isSame = withThreads(threads) { updated(values, run) } == one
      #expect(isSame, "\(name) on \(threads) threads")
    }
  }
}
