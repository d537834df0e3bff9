import CKernels
import Elements
import Glibc
import Kernels
import Testing
import TestSupport

/// Where floats lie: the first, and the stride to the next.
private struct FloatRun {
  let pointer: UnsafeMutablePointer<Float>
  let stride: Int

  var view: ElementView { ElementView(pointer, .float32, columnStride: stride) }
}

private struct Binary: Sendable {
  let name: String
  let run: @Sendable (Int, FloatRun, FloatRun, FloatRun) -> Void
  let exact: @Sendable (Double, Double) -> Double

  init(
    _ name: String, _ kernel: @escaping BinaryKernel,
    _ exact: @escaping @Sendable (Double, Double) -> Double
  ) {
    self.name = name
    run = { kernel($0, $1.pointer, $1.stride, $2.pointer, $2.stride, $3.pointer, $3.stride) }
    self.exact = exact
  }
}

private struct Unary: Sendable {
  let name: String
  let run: @Sendable (Int, FloatRun, FloatRun) -> Void
  let exact: @Sendable (Double) -> Double

  init(
    _ name: String, _ kernel: @escaping UnaryKernel, q: Float = 0,
    _ exact: @escaping @Sendable (Double) -> Double
  ) {
    self.name = name
    run = { kernel($0, $1.pointer, $1.stride, $2.pointer, $2.stride, 1.5, q) }
    self.exact = exact
  }
}

private func larger(_ x: Double, _ y: Double) -> Double { x.isNaN || y.isNaN ? .nan : max(x, y) }

private func flooredRemainder(_ x: Double, _ y: Double) -> Double {
  let rest = fmod(x, y)
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest
}

private func flooredQuotient(_ x: Double, _ y: Double) -> Double {
  if y == 0 { return x / y }
  if x.isInfinite { return .nan }
  // As if an infinite divisor were very large.
  return y.isInfinite ? (x / (y > 0 ? 1e300 : -1e300)).rounded(.down) : (x / y).rounded(.down)
}

private let binaries: [Binary] = [
  .init("add", lk_add) { $0 + $1 },
  .init("subtract", lk_subtract) { $0 - $1 },
  .init("multiply", lk_multiply) { $0 * $1 },
  .init("divide", lk_divide) { $0 / $1 },
  .init("maximum", lk_maximum) { larger($0, $1) },
  .init("minimum", lk_minimum) { -larger(-$0, -$1) },
  .init("remainder", lk_remainder) { flooredRemainder($0, $1) },
  .init("floor_divide", lk_floor_divide) { flooredQuotient($0, $1) },
  .init("power", lk_power) { pow($0, $1) },
  .init("equal", lk_equal) { $0 == $1 ? 1 : 0 },
  .init("not_equal", lk_not_equal) { $0 != $1 ? 1 : 0 },
  .init("less", lk_less) { $0 < $1 ? 1 : 0 },
  .init("less_equal", lk_less_equal) { $0 <= $1 ? 1 : 0 },
  .init("greater", lk_greater) { $0 > $1 ? 1 : 0 },
  .init("greater_equal", lk_greater_equal) { $0 >= $1 ? 1 : 0 },
  .init("logical_and", lk_logical_and) { $0 != 0 && $1 != 0 ? 1 : 0 },
  .init("logical_or", lk_logical_or) { $0 != 0 || $1 != 0 ? 1 : 0 },
  .init("relu_gradient", lk_relu_gradient) { $1 <= 0 ? 0 : $0 },
  .init("tanh_gradient", lk_tanh_gradient) { $0 * (1 - $1 * $1) },
  .init("sigmoid_gradient", lk_sigmoid_gradient) { $0 * $1 * (1 - $1) },
]

private let unaries: [Unary] = [
  .init("scale", lk_scale) { 1.5 * $0 },
  .init("shift", lk_shift) { 1.5 + $0 },
  .init("subtract_from", lk_subtract_from) { 1.5 - $0 },
  .init("negate", lk_negate) { -$0 },
  .init("abs", lk_abs) { abs($0) },
  .init("square", lk_square) { $0 * $0 },
  .init("sqrt", lk_sqrt) { $0.squareRoot() },
  .init("rsqrt", lk_rsqrt) { 1 / $0.squareRoot() },
  .init("reciprocal", lk_reciprocal) { 1 / $0 },
  .init("divide_by", lk_divide_by) { $0 / 1.5 },
  .init("divide_into", lk_divide_into) { 1.5 / $0 },
  .init("power_scalar", lk_power_scalar) { pow($0, 1.5) },
  .init("clamp", lk_clamp, q: 2) { $0.isNaN ? $0 : min(max($0, 1.5), 2) },
  .init("clamp_slope", lk_clamp_slope, q: 2) { $0 > 1.5 && $0 < 2 ? 1 : 0 },
  .init("sign", lk_sign) { $0 > 0 ? 1 : ($0 < 0 ? -1 : 0) },
  .init("floor", lk_floor) { $0.rounded(.down) },
  .init("ceil", lk_ceil) { $0.rounded(.up) },
  .init("round", lk_round) { $0.rounded(.toNearestOrEven) },
  .init("sin", lk_sin) { sin($0) },
  .init("cos", lk_cos) { cos($0) },
  .init("logical_not", lk_logical_not) { $0 == 0 ? 1 : 0 },
  .init("truth", lk_truth) { $0 != 0 ? 1 : 0 },
  .init("is_nan", lk_is_nan) { $0.isNaN ? 1 : 0 },
  .init("is_finite", lk_is_finite) { $0.isFinite ? 1 : 0 },
  .init("relu", lk_relu) { $0.isNaN ? $0 : max($0, 0) },
  .init("leaky_relu", lk_leaky_relu) { $0 > 0 ? $0 : 1.5 * $0 },
  .init("leaky_relu_slope", lk_leaky_relu_slope) { $0 > 0 ? 1 : 1.5 },
  .init("hard_sigmoid", lk_hard_sigmoid) { $0.isNaN ? $0 : min(max($0 / 6 + 0.5, 0), 1) },
  .init("hard_sigmoid_slope", lk_hard_sigmoid_slope) { abs($0) < 3 ? 1 / 6 : 0 },
]

/// Two roundings: a result may be 2 units in the last place off, and 1e-6 where operands cancel.
private let tolerance = Tolerance(relative: 2.4e-7, absolute: 1e-6)

/// Strides of the result and the operands, and how many elements the pointers are off alignment.
private let layouts: [(strides: [Int], shift: Int)] = [
  ([1, 1, 1], 0), ([1, 1, 1], 1), ([1, 1, 1], 3), ([1, 1, 0], 0), ([1, 0, 1], 0), ([1, 0, 0], 0),
  ([2, 1, 3], 1), ([1, 2, 1], 0), ([1, -1, 1], 0), ([1, 1, -2], 0),
]

/// A stretch of memory with room for `count` elements at `stride`; the values are set by `fill`.
private struct Operand {
  var memory: [Float]
  let start: Int
  let stride: Int

  init(_ count: Int, stride: Int, shift: Int, seed: UInt64) {
    let length = max(1, count) * max(1, abs(stride)) + shift
    memory = randomValues(length, seed: seed)
    for index in memory.indices where index % 11 == 5 {
      memory[index] = [.nan, .infinity, -.infinity, 0, -0.0][index % 5]
    }
    start = stride < 0 ? length - 1 : shift
    self.stride = stride
  }

  func value(_ index: Int) -> Double { Double(memory[start + index * stride]) }

  mutating func withRun<Result>(_ body: (FloatRun) -> Result) -> Result {
    memory.withUnsafeMutableBufferPointer { [start, stride] buffer in
      var dummy: Float = 0
      return withUnsafeMutablePointer(to: &dummy) {
        body(FloatRun(pointer: buffer.baseAddress.map { $0 + start } ?? $0, stride: stride))
      }
    }
  }
}

@Suite struct ElementwiseTests {
  @Test(arguments: binaries.indices)
  func binaryKernel(_ index: Int) {
    let kernel = binaries[index]
    for (strides, shift) in layouts {
      for size in testSizes where size < 5000 {
        var out = Operand(size, stride: strides[0], shift: shift, seed: 3)
        var a = Operand(size, stride: strides[1], shift: shift, seed: 1)
        var b = Operand(size, stride: strides[2], shift: 0, seed: 2)
        let before = out.memory
        out.withRun { out in a.withRun { a in b.withRun { kernel.run(size, out, a, $0) } } }
        let expected = (0..<size).map { kernel.exact(a.value($0), b.value($0)) }
        compare(out, before, expected, "\(kernel.name), \(size) elements, strides \(strides)")
      }
    }
  }

  @Test(arguments: unaries.indices)
  func unaryKernel(_ index: Int) {
    let kernel = unaries[index]
    for (strides, shift) in layouts {
      for size in testSizes where size < 5000 {
        var out = Operand(size, stride: strides[0], shift: shift, seed: 3)
        var a = Operand(size, stride: strides[1], shift: 0, seed: 1)
        let before = out.memory
        out.withRun { out in a.withRun { kernel.run(size, out, $0) } }
        let expected = (0..<size).map { kernel.exact(a.value($0)) }
        compare(out, before, expected, "\(kernel.name), \(size) elements, strides \(strides)")
      }
    }
  }

  /// What was to be written is close to what is expected, and nothing else was written.
  private func compare(_ out: Operand, _ before: [Float], _ expected: [Double], _ what: String) {
    let size = expected.count
    let found = (0..<size).map { out.memory[out.start + $0 * out.stride] }
    expectClose(found, to: expected, within: tolerance, what)
    var rest = out.memory
    for index in 0..<size {
      let place = out.start + index * out.stride
      rest[place] = before[place]
    }
    #expect(rest.map(\.bitPattern) == before.map(\.bitPattern), "\(what): wrote elsewhere")
  }

  @Test func resultMayBeAnOperand() {
    var values = randomValues(1003)
    let expected = values.map { Double($0) + Double($0) }
    values.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      lk_add(buffer.count, start, 1, start, 1, start, 1)
    }
    expectClose(values, to: expected, within: .exact)
  }

  /// `apply` shares large runs out over the threads.
  @Test(arguments: [0, 1, 16_384, 100_003])
  func applyCoversEveryElement(_ count: Int) {
    var a = Operand(count, stride: 1, shift: 0, seed: 1)
    var b = Operand(count, stride: -2, shift: 0, seed: 2)
    var out = Operand(count, stride: 3, shift: 1, seed: 3)
    out.withRun { out in
      a.withRun { a in b.withRun { apply(lk_subtract, count: count, out.view, a.view, $0.view) } }
    }
    let expected = (0..<count).map { a.value($0) - b.value($0) }
    expectClose((0..<count).map { Float(out.value($0)) }, to: expected, within: tolerance)
    out.withRun { out in a.withRun { apply(lk_scale, count: count, out.view, $0.view, p: -2) } }
    let scaled = (0..<count).map { -2 * a.value($0) }
    expectClose((0..<count).map { Float(out.value($0)) }, to: scaled, within: .exact)
  }
}
