import CKernels
import Glibc
import Kernels
import TestSupport
import Testing

/// An activation or a slope, the same in Double, and how far apart they may be.
private struct Activation: Sendable {
  let name: String
  let run: @Sendable ([Float]) -> [Float]
  let exact: @Sendable (Double) -> Double
  let bound: Double

  init(
    _ name: String, _ kernel: @escaping UnaryKernel, p: Float = 0, q: Float = 0,
    within bound: Double = 2e-7, _ exact: @escaping @Sendable (Double) -> Double
  ) {
    self.name = name
    run = { apply(kernel, to: $0, p: p, q: q) }
    self.exact = exact
    self.bound = bound
  }

  /// A kernel that gives its slope along with the value.
  init(
    _ name: String, _ kernel: @escaping KernelWithSlope, within bound: Double,
    _ exact: @escaping @Sendable (Double) -> Double
  ) {
    self.name = name
    run = { apply(kernel, to: $0).values }
    self.exact = exact
    self.bound = bound
  }

  /// The slope of such a kernel.
  init(
    slope name: String, _ kernel: @escaping KernelWithSlope, within bound: Double,
    _ exact: @escaping @Sendable (Double) -> Double
  ) {
    self.name = name
    run = { apply(kernel, to: $0).slopes }
    self.exact = exact
    self.bound = bound
  }

  /// A gradient kernel, for a gradient of 1.
  init(
    gradient name: String, _ kernel: @escaping BinaryKernel, within bound: Double = 2e-7,
    _ exact: @escaping @Sendable (Double) -> Double
  ) {
    self.name = name
    run = { apply(kernel, to: Array(repeating: 1, count: $0.count), $0) }
    self.exact = exact
    self.bound = bound
  }
}

private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
private func normal(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
private let cubic: @Sendable (Double) -> Double = {
  (2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0)
}

private let activations: [Activation] = [
  .init("elu", lk_elu, p: 0.5, within: 4e-7) { $0 > 0 ? $0 : 0.5 * expm1($0) },
  .init("elu_slope", lk_elu_slope, p: 0.5) { $0 > 0 ? 1 : 0.5 * exp($0) },
  .init("gelu", lk_gelu, within: 1e-6) { $0 * normal($0) },
  .init(slope: "gelu_slope", lk_gelu, within: 1e-6) {
    normal($0) + $0 * exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot()
  },
  .init("gelu_tanh", lk_gelu_tanh, within: 1e-6) { $0 / 2 * (1 + tanh(cubic($0))) },
  .init(slope: "gelu_tanh_slope", lk_gelu_tanh, within: 2e-6) {
    let t = tanh(cubic($0))
    let slope = (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * $0 * $0)
    return (1 + t) / 2 + $0 / 2 * (1 - t * t) * slope
  },
  .init("silu", lk_silu, within: 4e-7) { $0 * logistic($0) },
  .init(slope: "silu_slope", lk_silu, within: 1e-6) {
    logistic($0) * (1 + $0 * (1 - logistic($0)))
  },
  .init("softplus", lk_softplus, p: 2, q: 3, within: 4e-7) {
    2 * $0 > 3 ? $0 : log1p(exp(2 * $0)) / 2
  },
  .init("softplus_slope", lk_softplus_slope, p: 2, q: 3) { 2 * $0 > 3 ? 1 : logistic(2 * $0) },
  .init("log_sigmoid", lk_log_sigmoid, within: 4e-7) {
    $0 < 0 ? $0 - log1p(exp($0)) : -log1p(exp(-$0))
  },
  .init(gradient: "log_sigmoid_gradient", lk_log_sigmoid_gradient) { logistic(-$0) },
]

@Suite struct ActivationTests {
  /// Within `bound` · (1 + |value|) from -30 to 30, in vector parts and remainders.
  @Test(arguments: activations.indices)
  func agreesWithItsFormula(_ index: Int) {
    let activation = activations[index]
    let points = stride(from: Float(-30), through: 30, by: 0x1p-9).map { $0 }
    for points in [points, Array(points.prefix(13)), Array(points.suffix(1)), [0, -0.0]] {
      expectClose(
        activation.run(points), to: points.map { activation.exact(Double($0)) },
        within: Tolerance(relative: activation.bound, absolute: activation.bound), activation.name)
    }
  }

  @Test(arguments: activations.indices)
  func notANumberStaysOne(_ index: Int) {
    for count in [1, 37] {
      let values = activations[index].run(Array(repeating: .nan, count: count))
      #expect(
        values.allSatisfy { $0.isNaN } || activations[index].name == "elu_slope",
        "\(activations[index].name)")
    }
  }

  /// Precise, not only close to 0, where the result nearly vanishes.
  @Test func tailsHaveDigits() {
    let points: [Float] = [-80, -60, -30, -12]
    func check(_ kernel: UnaryKernel, p: Float = 0, q: Float = 0, _ exact: (Double) -> Double) {
      expectClose(
        apply(kernel, to: points, p: p, q: q), to: points.map { exact(Double($0)) },
        within: Tolerance(relative: 5e-7, absolute: 0))
    }
    expectClose(
      apply(lk_silu, to: points).values, to: points.map { Double($0) * logistic(Double($0)) },
      within: Tolerance(relative: 5e-7, absolute: 0))
    check(lk_softplus, p: 1, q: 20) { log1p(exp($0)) }
    check(lk_elu_slope, p: 1) { exp($0) }
    let mirrored = points.map { -$0 }
    expectClose(
      apply(lk_log_sigmoid, to: mirrored), to: mirrored.map { -log1p(exp(-Double($0))) },
      within: Tolerance(relative: 5e-7, absolute: 0))
  }
}
