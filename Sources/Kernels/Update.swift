import CKernels
import Glibc

/// Elements below which a second thread costs more than it brings.
private let updateGrain = 32_768

/// One SGD update of `count` values in place; see `lk_sgd_update`. `velocity` may be nil without
/// momentum.
package func sgdUpdate(
  count: Int, _ parameter: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
  velocity: UnsafeMutablePointer<Float>?, learningRate: Float, momentum: Float, dampening: Float,
  weightDecay: Float, nesterov: Bool, isFirst: Bool
) {
  parallelRanges(count, grain: updateGrain) { range in
    let start = range.lowerBound
    lk_sgd_update(
      range.count, parameter + start, gradient + start, velocity.map { $0 + start }, learningRate,
      momentum, dampening, weightDecay, nesterov, isFirst)
  }
}

/// One Adam update of `count` values in place, the `step`-th (from 1); see `lk_adam_update`.
package func adamUpdate(
  count: Int, _ parameter: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
  firstMoment: UnsafeMutablePointer<Float>, secondMoment: UnsafeMutablePointer<Float>,
  learningRate: Float, beta1: Double, beta2: Double, epsilon: Float, weightDecay: Float,
  isDecoupled: Bool, step: Int
) {
  let correction1 = Float(1 - pow(beta1, Double(step)))
  let correction2 = Float((1 - pow(beta2, Double(step))).squareRoot())
  parallelRanges(count, grain: updateGrain) { range in
    let start = range.lowerBound
    lk_adam_update(
      range.count, parameter + start, gradient + start, firstMoment + start, secondMoment + start,
      learningRate, Float(1 - beta1), Float(beta2), Float(1 - beta2), epsilon, weightDecay,
      isDecoupled, correction1, correction2)
  }
}
