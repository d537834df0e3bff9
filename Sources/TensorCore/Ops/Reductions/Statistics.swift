import CKernels
import Diagnostics
import Elements
import Kernels

// Spread and size of values. Reduced axes vanish, or keep size 1 with `keepingAxes`.

extension Tensor {
  /// The variance of all elements, a scalar: squared deviations from the mean over count -
  /// `correction`.
  public func variance(correction: Int = 1) -> Tensor {
    variance(axes(nil, "variance"), correction)
  }

  /// The variance along `axis`, which vanishes or keeps size 1. Stops for integers.
  public func variance(axis: Int, correction: Int = 1, keepingAxes: Bool = false) -> Tensor {
    variance(axes([axis], "variance", keeping: keepingAxes), correction)
  }

  /// The variance along `axes`: squared deviations from the mean over count - `correction`, but at
  /// least 0; so NaN of too few elements. Precise where the mean is large. Stops for integers.
  public func variance(axes: [Int], correction: Int = 1, keepingAxes: Bool = false) -> Tensor {
    variance(self.axes(axes, "variance", keeping: keepingAxes), correction)
  }

  /// The square root of the variance of all elements, a scalar.
  public func standardDeviation(correction: Int = 1) -> Tensor {
    deviation(axes(nil, "standardDeviation"), correction)
  }

  /// The square root of the variance along `axis`, which vanishes or keeps size 1. Stops for
  /// integers.
  public func standardDeviation(
    axis: Int, correction: Int = 1, keepingAxes: Bool = false
  ) -> Tensor {
    deviation(axes([axis], "standardDeviation", keeping: keepingAxes), correction)
  }

  /// The square root of the variance along `axes`; where that is 0, so is the gradient.
  public func standardDeviation(
    axes: [Int], correction: Int = 1, keepingAxes: Bool = false
  ) -> Tensor {
    deviation(self.axes(axes, "standardDeviation", keeping: keepingAxes), correction)
  }

  /// The `p`-norm of all elements, a scalar.
  public func norm(_ p: Float = 2) -> Tensor { norm(p, axes(nil, "norm")) }

  /// The `p`-norm along `axis`, which vanishes or keeps size 1. Stops for integers.
  public func norm(_ p: Float = 2, axis: Int, keepingAxes: Bool = false) -> Tensor {
    norm(p, axes([axis], "norm", keeping: keepingAxes))
  }

  /// The `p`-norm along `axes`: (Σ |x|ᵖ)^(1/p), the largest magnitude (infinity), the smallest
  /// (-infinity), or how many are not 0 (0); 0 of no elements. Its gradient is 0 where the norm is, and
  /// shared by equal largest or smallest magnitudes. Stops for integers, where `p` is NaN, and for
  /// negative `p` where there are no elements.
  public func norm(_ p: Float = 2, axes: [Int], keepingAxes: Bool = false) -> Tensor {
    norm(p, self.axes(axes, "norm", keeping: keepingAxes))
  }

  /// The logarithm of the sum of the exponentials of all elements, a scalar.
  public func logSumExp() -> Tensor { logSumExp(axes(nil, "logSumExp")) }

  /// The logarithm of the sum of exponentials along `axis`, which vanishes or keeps size 1;
  /// computed without overflow.
  public func logSumExp(axis: Int, keepingAxes: Bool = false) -> Tensor {
    logSumExp(axes([axis], "logSumExp", keeping: keepingAxes))
  }

  /// The logarithm of the sum of exponentials along `axes`, without overflow; -infinity of no
  /// elements. Integers give float32.
  public func logSumExp(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    logSumExp(self.axes(axes, "logSumExp", keeping: keepingAxes))
  }

  // MARK: - Machinery

  private func variance(_ axes: ReducedAxes, _ correction: Int) -> Tensor {
    if let cast = Autocast("variance") { return cast.run { cast(self).variance(axes, correction) } }
    requireFloat("variance")
    let (mean, variance) = moments(axes, correction)
    return variance.converted(to: dtype).recorded(
      "variance",
      stepwiseEdge { [x = Saved(self)] in axes.varianceGradient($0, x.value, mean, correction) })
  }

  private func deviation(_ axes: ReducedAxes, _ correction: Int) -> Tensor {
    if let cast = Autocast("standardDeviation") {
      return cast.run { cast(self).deviation(axes, correction) }
    }
    requireFloat("standardDeviation")
    let (mean, y) = moments(axes, correction)
    y.map(lk_sqrt, into: y)
    return y.converted(to: dtype).recorded(
      "standardDeviation",
      stepwiseEdge { [x = Saved(self), y = Saved(y)] gradient in
        let y = y.value
        let share = `where`(y .== 0, Tensor(Float(0)), gradient / (y * 2))
        return axes.varianceGradient(share, x.value, mean, correction)
      })
  }

  /// The mean, with reduced axes of size 1, and the variance, in float32.
  private func moments(
    _ axes: ReducedAxes, _ correction: Int
  ) -> (mean: Tensor, variance: Tensor) {
    if axes.count == 0 { return (.full(axes.kept, .nan), .full(axes.result, .nan)) }
    let results = inMemoryOrder(axes) { values, axes in
      var (count, means, deviations): (Int, Tensor?, Tensor?) = (1, nil, nil)
      axes.forEachGroup { run in
        let mean = Tensor(uninitialized: [run.outer, run.inner])
        let deviation = Tensor(uninitialized: [run.outer, run.inner])
        let targets = (mean.pointer(Float.self), deviation.pointer(Float.self))
        if let means, let deviations {
          joinMoments(
            run, group: count, means: means.pointer(Float.self),
            deviations: deviations.pointer(Float.self), mean: targets.0, deviation: targets.1)
        } else {
          Kernels.moments(
            run, values.rows(run.inner), mean: targets.0, deviation: targets.1)
        }
        count *= run.size
        (means, deviations) = (mean, deviation)
      }
      return [means, deviations].compactMap { $0?.arranged(as: axes.kept) }
    }
    let variance = results[1].arranged(as: axes.result)
    let divisor = axes.degreesOfFreedom(correction)
    let values = variance.pointer(Float.self)
    for index in 0..<variance.count { values[index] /= divisor }
    return (results[0], variance)
  }

  private func norm(_ p: Float, _ axes: ReducedAxes) -> Tensor {
    if let cast = Autocast("norm") { return cast.run { cast(self).norm(p, axes) } }
    requireFloat("norm")
    check(!p.isNaN, "norm: p is \(p); it must be a number")
    guard p == 1 || p == 2 || p == .infinity else { return powerNorm(p, axes) }
    let y =
      switch p {
      case 1: folded(axes, .sumOfMagnitudes, then: Reduction<Float>.sum)
      case 2: folded(axes, .sumOfSquares, then: Reduction<Float>.sum)
      default: folded(axes, .largestMagnitude, then: Reduction<Float>.largest)
      }
    if p == 2 { y.map(lk_sqrt, into: y) }
    return y.converted(to: dtype).recorded(
      "norm",
      stepwiseEdge { [x = Saved(self), y = Saved(y)] gradient in
        let (x, y) = (x.value, y.value)
        switch p {
        case 1: return axes.spread(gradient) * x.sign()
        case 2:
          let share = `where`(y .== 0, Tensor(Float(0)), gradient / y)
          return x * share.reshaped(axes.kept)
        default:
          let isLargest = (x.abs() .== y.reshaped(axes.kept)) .| x.isNaN()
          return axes.shared(gradient, where: isLargest) * x.sign()
        }
      })
  }

  private func logSumExp(_ axes: ReducedAxes) -> Tensor {
    if let cast = Autocast("logSumExp") { return cast.run { cast(self).logSumExp(axes) } }
    guard dtype.isFloatingPoint else { return converted(to: .float32).logSumExp(axes) }
    let y = folded(axes, .logSumExp, then: Reduction<Float>.logSumExp)
    return y.converted(to: dtype).recorded(
      "logSumExp",
      stepwiseEdge { [x = Saved(self), y = Saved(y)] gradient in
        axes.spread(gradient) * (x.value - y.value.reshaped(axes.kept)).exp()
      })
  }
}

extension ReducedAxes {
  fileprivate func degreesOfFreedom(_ correction: Int) -> Float {
    Float(Swift.max(0, count - correction))
  }

  /// 2 (x - mean) / (count - correction) of each element, times `gradient` of the result.
  fileprivate func varianceGradient(
    _ gradient: Tensor, _ x: Tensor, _ mean: Tensor, _ correction: Int
  ) -> Tensor {
    let share = gradient * (2 / degreesOfFreedom(correction))
    return (x - mean) * share.reshaped(kept)
  }
}
