import CKernels
import Glibc
import Parallel

/// Elements below which a second thread costs more than it brings.
let updateGrain = 16_384

/// Changed by an update, an element at a time.
package typealias UpdatedFloats = UnsafeMutablePointer<Float>

/// One SGD update of `count` values in place; see `lk_sgd_update`. `velocity` may be nil without
/// momentum.
package func sgdUpdate(
  count: Int, _ parameter: UpdatedFloats, _ gradient: UnsafePointer<Float>,
  velocity: UpdatedFloats?, learningRate: Float, momentum: Float, dampening: Float,
  weightDecay: Float, nesterov: Bool, isFirst: Bool
) {
  parallelRanges(count, grain: updateGrain) { range in
    let start = range.lowerBound
    lk_sgd_update(
      range.count, parameter + start, gradient + start, velocity.map { $0 + start }, learningRate,
      momentum, dampening, weightDecay, nesterov, isFirst)
  }
}

/// How Adam and what descends from it average gradients and their squares.
package struct MomentRates {
  let rest1: Float
  let beta2: Float
  let rest2: Float
  /// 1 / (1 - β₁ᵗ).
  let scale1: Float
  /// 1 / √(1 - β₂ᵗ).
  let scale2: Float

  /// For the `step`-th step, from 1.
  package init(betas: (Double, Double), step: Int) {
    rest1 = Float(1 - betas.0)
    beta2 = Float(betas.1)
    rest2 = Float(1 - betas.1)
    scale1 = Float(1 / (1 - pow(betas.0, Double(step))))
    scale2 = Float(1 / (1 - pow(betas.1, Double(step))).squareRoot())
  }
}

/// One Adam update of `count` values in place; see `lk_adam_update`. `largestSecondMoment` is for
/// AMSGrad.
package func adamUpdate(
  count: Int, _ parameter: UpdatedFloats, _ gradient: UnsafePointer<Float>,
  firstMoment: UpdatedFloats, secondMoment: UpdatedFloats, largestSecondMoment: UpdatedFloats?,
  learningRate: Float, _ rates: MomentRates, epsilon: Float, weightDecay: Float, isDecoupled: Bool
) {
  parallelRanges(count, grain: updateGrain) { range in
    let start = range.lowerBound
    lk_adam_update(
      range.count, parameter + start, gradient + start, firstMoment + start, secondMoment + start,
      largestSecondMoment.map { $0 + start }, learningRate, rates.rest1, rates.beta2, rates.rest2,
      epsilon, weightDecay, isDecoupled, rates.scale1, rates.scale2)
  }
}

/// One Adagrad update of `count` values in place; see `lk_adagrad_update`.
package func adagradUpdate(
  count: Int, _ parameter: UpdatedFloats, _ gradient: UnsafePointer<Float>, sum: UpdatedFloats,
  learningRate: Float, epsilon: Float, weightDecay: Float
) {
  parallelRanges(count, grain: updateGrain) { range in
    let start = range.lowerBound
    lk_adagrad_update(
      range.count, parameter + start, gradient + start, sum + start, learningRate, epsilon,
      weightDecay)
  }
}

/// One RMSprop update of `count` values in place; see `lk_rmsprop_update`. `mean` is for the
/// centred form, `velocity` for momentum.
package func rmsPropUpdate(
  count: Int, _ parameter: UpdatedFloats, _ gradient: UnsafePointer<Float>,
  square: UpdatedFloats, mean: UpdatedFloats?, velocity: UpdatedFloats?, learningRate: Float,
  alpha: Double, epsilon: Float, weightDecay: Float, momentum: Float
) {
  parallelRanges(count, grain: updateGrain) { range in
    let start = range.lowerBound
    lk_rmsprop_update(
      range.count, parameter + start, gradient + start, square + start, mean.map { $0 + start },
      velocity.map { $0 + start }, learningRate, Float(alpha), Float(1 - alpha), epsilon,
      weightDecay, momentum)
  }
}

/// One Lion update of `count` values in place; see `lk_lion_update`.
package func lionUpdate(
  count: Int, _ parameter: UpdatedFloats, _ gradient: UnsafePointer<Float>, mean: UpdatedFloats,
  learningRate: Float, betas: (Double, Double), weightDecay: Float
) {
  parallelRanges(count, grain: updateGrain) { range in
    let start = range.lowerBound
    lk_lion_update(
      range.count, parameter + start, gradient + start, mean + start, learningRate,
      Float(1 - betas.0), Float(1 - betas.1), weightDecay)
  }
}

/// One LARS update of `count` values in place with the layer's own rate; see `lk_lars_update`.
package func larsUpdate(
  count: Int, _ parameter: UpdatedFloats, _ gradient: UnsafePointer<Float>,
  velocity: UpdatedFloats, learningRate: Float, momentum: Float, weightDecay: Float
) {
  parallelRanges(count, grain: updateGrain) { range in
    let start = range.lowerBound
    lk_lars_update(
      range.count, parameter + start, gradient + start, velocity + start, learningRate, momentum,
      weightDecay)
  }
}

/// One LAMB update of `count` values in place. `trustRatio` makes the factor of the learning rate
/// of the Euclidean norms of the parameter and of its update; they do not depend on the number of
/// threads.
package func lambUpdate(
  count: Int, _ parameter: UpdatedFloats, _ gradient: UnsafePointer<Float>,
  firstMoment: UpdatedFloats, secondMoment: UpdatedFloats, learningRate: Float,
  _ rates: MomentRates, epsilon: Float, weightDecay: Float,
  trustRatio: (_ parameter: Double, _ update: Double) -> Double
) {
  let block = Int(LK_LAMB_BLOCK)
  let blocks = (count + block - 1) / block
  let ratio = withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * blocks) { squares in
    guard let start = squares.baseAddress else { return 1.0 }
    parallelItems(blocks, cost: block) { range in
      let first = range.lowerBound * block
      lk_lamb_moments(
        min(count, range.upperBound * block) - first, parameter + first, gradient + first,
        firstMoment + first, secondMoment + first, rates.rest1, rates.beta2, rates.rest2, epsilon,
        weightDecay, rates.scale1, rates.scale2, start + 2 * range.lowerBound)
    }
    var (parameters, updates) = (0.0, 0.0)
    for index in 0..<blocks {
      parameters += Double(squares[2 * index])
      updates += Double(squares[2 * index + 1])
    }
    return trustRatio(parameters.squareRoot(), updates.squareRoot())
  }
  parallelRanges(count, grain: updateGrain) { range in
    let start = range.lowerBound
    lk_lamb_update(
      range.count, parameter + start, firstMoment + start, secondMoment + start,
      Float(Double(learningRate) * ratio), epsilon, weightDecay, rates.scale1,
      rates.scale2)
  }
}

/// The sum of the squares of `count` values; it does not depend on the number of threads.
package func sumOfSquares(count: Int, _ values: UnsafePointer<Float>) -> Double {
  var sum: Float = 0
  reduce(.sumOfSquares, then: .sum, ReducedRun(outer: 1, size: count, inner: 1), values, &sum)
  return Double(sum)
}
