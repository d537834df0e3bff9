import CKernels
import Elements
import Glibc
import Testing
import TestSupport

/// A loss of pairs and its plain formulas: value, slope in the input, slope in the target.
private struct PairLoss: Sendable {
  let name: String
  let p: Float
  /// Maps random values to inputs and to targets.
  let input: @Sendable (Float) -> Float
  let values: lk_pair_loss
  let sum: lk_pair_loss_sum
  let gradients: (input: lk_pair_loss_gradient, target: lk_pair_loss_gradient)
  let plain: @Sendable (Double, Double) -> (Double, Double, Double)
}

private func sign(_ d: Double) -> Double { d > 0 ? 1 : (d < 0 ? -1 : 0) }

private let losses: [PairLoss] = [
  .init(
    name: "squared", p: 0, input: { $0 }, values: lk_squared_loss, sum: lk_squared_loss_sum,
    gradients: (lk_squared_loss_gradient, lk_squared_loss_target_gradient)
  ) { x, y in ((x - y) * (x - y), 2 * (x - y), 2 * (y - x)) },
  .init(
    name: "absolute", p: 0, input: { $0 }, values: lk_absolute_loss, sum: lk_absolute_loss_sum,
    gradients: (lk_absolute_loss_gradient, lk_absolute_loss_target_gradient)
  ) { x, y in (abs(x - y), sign(x - y), sign(y - x)) },
  .init(
    name: "smooth", p: 1.5, input: { $0 }, values: lk_smooth_absolute_loss,
    sum: lk_smooth_absolute_loss_sum,
    gradients: (lk_smooth_absolute_loss_gradient, lk_smooth_absolute_loss_target_gradient)
  ) { x, y in
    let d = x - y
    let slope = abs(d) < 1.5 ? d / 1.5 : sign(d)
    return (abs(d) < 1.5 ? d * d / 3 : abs(d) - 0.75, slope, -slope)
  },
  .init(
    name: "huber", p: 1.5, input: { $0 }, values: lk_huber_loss, sum: lk_huber_loss_sum,
    gradients: (lk_huber_loss_gradient, lk_huber_loss_target_gradient)
  ) { x, y in
    let d = x - y
    let slope = abs(d) <= 1.5 ? d : 1.5 * sign(d)
    return (abs(d) <= 1.5 ? d * d / 2 : 1.5 * (abs(d) - 0.75), slope, -slope)
  },
  .init(
    name: "binary", p: 0, input: { 0.5 + $0 / 10 }, values: lk_binary_cross_entropy_loss,
    sum: lk_binary_cross_entropy_loss_sum,
    gradients: (
      lk_binary_cross_entropy_loss_gradient, lk_binary_cross_entropy_loss_target_gradient
    )
  ) { x, y in
    (-(y * log(x) + (1 - y) * log(1 - x)), (x - y) / (x * (1 - x)), log(1 - x) - log(x))
  },
  .init(
    name: "logits", p: 0, input: { $0 }, values: lk_binary_cross_entropy_logits_loss,
    sum: lk_binary_cross_entropy_logits_loss_sum,
    gradients: (
      lk_binary_cross_entropy_logits_loss_gradient,
      lk_binary_cross_entropy_logits_loss_target_gradient
    )
  ) { x, y in (log(1 + exp(x)) - x * y, 1 / (1 + exp(-x)) - y, -x) },
  .init(
    name: "divergence", p: 0, input: { 4.5 + $0 }, values: lk_divergence_loss,
    sum: lk_divergence_loss_sum,
    gradients: (lk_divergence_loss_gradient, lk_divergence_loss_target_gradient)
  ) { x, y in (y * (log(y) - x), -y, log(y) + 1 - x) },
  .init(
    name: "logDivergence", p: 0, input: { $0 }, values: lk_log_divergence_loss,
    sum: lk_log_divergence_loss_sum,
    gradients: (lk_log_divergence_loss_gradient, lk_log_divergence_loss_target_gradient)
  ) { x, y in (exp(y) * (y - x), -exp(y), exp(y) * (y - x + 1)) },
]

@Suite struct LossTests {
  @Test(arguments: losses.indices)
  func pairs(_ index: Int) {
    let loss = losses[index]
    for size in testSizes where size < 5000 {
      let x = randomValues(size).map(loss.input)
      let y = randomValues(size, seed: 2).map(loss.input)
      let exact = zip(x, y).map { loss.plain(Double($0), Double($1)) }
      var out = x
      loss.values(size, &out, x, y, loss.p)
      let place = "\(loss.name), \(size)"
      let tolerance = Tolerance(relative: 3e-6, absolute: 3e-6)
      expectClose(out, to: exact.map { $0.0 }, within: tolerance, place)
      let sum = Double(loss.sum(size, x, y, loss.p))
      let magnitude = exact.reduce(0.0) { $0 + abs($1.0) }
      #expect(abs(sum - exact.reduce(0) { $0 + $1.0 }) <= 4e-6 * (1 + magnitude), "\(place)")

      let g = randomValues(size + 1, seed: 3)
      for isOne in [true, false] {
        let factors = (0..<size).map { Double(g[isOne ? 0 : $0]) * 0.5 }
        loss.gradients.input(size, &out, g, isOne, 0.5, x, y, loss.p)
        let inputs = zip(exact, factors).map { $0.1 * $1 }
        expectClose(out, to: inputs, within: .float32, place)
        loss.gradients.target(size, &out, g, isOne, 0.5, x, y, loss.p)
        let targets = zip(exact, factors).map { $0.2 * $1 }
        expectClose(out, to: targets, within: .float32, place)
      }
    }
  }

  /// PyTorch's limit of logarithms, 0 log 0 and a step without width.
  @Test func limits() {
    var out: [Float] = [0, 0, 0, 0]
    lk_binary_cross_entropy_loss(4, &out, [0, 1, 0, 1], [1, 0, 0, 1], 0)
    expectClose(out, to: [100, 100, 0, 0], within: .exact)
    lk_divergence_loss(2, &out, [-1, -.infinity], [0, 1], 0)
    #expect(out[0] == 0 && out[1] == .infinity)
    lk_smooth_absolute_loss(3, &out, [2, -2, 0], [0, 0, 0], 0)
    expectClose(Array(out[..<3]), to: [2, 2, 0], within: .exact)
  }

  @Test func rangesOfValues() {
    #expect(lk_all_within(0, [1], 0, 1) && lk_all_within(3, [0, 0.5, 1], 0, 1))
    #expect(!lk_all_within(2, [0, .nan], 0, 1) && !lk_all_within(2, [0, 1.5], 0, 1))
  }

  /// Ignored rows cost nothing and have no gradient, whatever they hold; the gradient may take the
  /// place of what it is computed from.
  @Test(arguments: [false, true]) func crossEntropyWithWeightsAndSmoothing(_ keeps: Bool) {
    for columns in [2, 16, 33, 65] {
      let (x, weights) = (randomValues(3 * columns), randomValues(columns, seed: 2).map { abs($0) })
      let targets: [Int32] = [1, -1, Int32(columns - 1)]
      var (normalizer, loss) = ([Float](repeating: 0, count: 3), [Float](repeating: 9, count: 3))
      var gradient = x
      gradient.withUnsafeMutableBufferPointer {
        guard let values = $0.baseAddress else { return }
        lk_cross_entropy_rows(
          3, columns, x, targets, weights, 0.25, keeps ? values : nil, &normalizer, &loss)
        lk_cross_entropy_gradient_rows(
          3, columns, values, keeps, targets, weights, 0.25, normalizer, [2], 0, 0.5, values)
      }
      var (losses, gradients) = ([Double](), [Double]())
      for row in 0..<3 {
        let values = (0..<columns).map { Double(x[row * columns + $0]) }
        let sum = values.reduce(0) { $0 + exp($1) }
        // What each class's negative logarithm counts.
        let shares = (0..<columns).map { column -> Double in
          if targets[row] < 0 { return 0 }
          let target = column == targets[row] ? 0.75 : 0
          return Double(weights[column]) * (target + 0.25 / Double(columns))
        }
        let total = shares.reduce(0, +)
        losses.append(zip(shares, values).reduce(0) { $0 + $1.0 * (log(sum) - $1.1) })
        gradients += zip(shares, values).map { total * exp($1) / sum - $0 }
      }
      expectClose(loss, to: losses, within: .sum(of: columns))
      expectClose(gradient, to: gradients, within: .sum(of: 16))
    }
  }

  @Test(arguments: [1, 3, 64, 65, 200], [1, 2, 17])
  func softmaxAlongColumns(_ columns: Int, _ size: Int) {
    let stride = columns + 3
    let (x, g) = (randomValues(size * stride), randomValues(size * stride, seed: 2))
    for isLogarithm in [false, true] {
      var (y, dx) = (x, x)
      lk_softmax_columns(size, columns, stride, x, &y, isLogarithm)
      lk_softmax_gradient_columns(size, columns, stride, g, y, &dx, isLogarithm)
      for column in [0, columns / 2, columns - 1] {
        let places = (0..<size).map { $0 * stride + column }
        let powers = places.map { exp(Double(x[$0])) }
        let total = powers.reduce(0, +)
        let p = powers.map { $0 / total }
        expectClose(
          places.map { y[$0] }, to: isLogarithm ? p.map { log($0) } : p, within: .sum(of: 4))
        let gradients = places.map { Double(g[$0]) }
        let dot = zip(gradients, p).reduce(0) { $0 + $1.0 * (isLogarithm ? 1 : $1.1) }
        expectClose(
          places.map { dx[$0] },
          to: zip(gradients, p).map { isLogarithm ? $0 - $1 * dot : $1 * ($0 - dot) },
          within: .sum(of: 16))
      }
      if stride <= x.count { #expect(y[columns] == x[columns] && dx[columns] == x[columns]) }
    }
  }
}
