import Diagnostics
import Glibc

// The formulas are those of torch.optim.lr_scheduler. Where one is about a number of steps, the
// last rate is kept from there on. Rates and factors that are negative or not finite stop the program.
extension Schedule {
  /// The same rate throughout.
  public static func constant(_ rate: Float) -> Schedule {
    requireNotNegative("Schedule.constant", ("rate", rate))
    return Schedule { _ in Double(rate) }
  }

  /// Evenly from `first` at step 0 to `last` at step `steps`; PyTorch's `LinearLR`.
  public static func linear(from first: Float, to last: Float, over steps: Int) -> Schedule {
    polynomial(from: first, to: last, over: steps, power: 1, "linear")
  }

  /// From `first` at step 0 to `last` at step `steps`, the distance to `last` falling with `power`
  /// of the steps that remain; PyTorch's `PolynomialLR`.
  public static func polynomial(
    from first: Float, to last: Float = 0, over steps: Int, power: Double = 1
  ) -> Schedule {
    polynomial(from: first, to: last, over: steps, power: power, "polynomial")
  }

  private static func polynomial(
    from first: Float, to last: Float, over steps: Int, power: Double, _ name: String
  ) -> Schedule {
    requireSteps(steps, name)
    requireNotNegative(
      "Schedule.\(name)", ("first rate", first), ("last rate", last), ("power", Float(power)))
    let (first, last) = (Double(first), Double(last))
    return Schedule { step in
      last + (first - last) * pow(1 - Double(min(step, steps)) / Double(steps), power)
    }
  }

  /// `first`, multiplied by `factor` after every `size` steps; PyTorch's `StepLR`.
  public static func step(from first: Float, every size: Int, factor: Double = 0.1) -> Schedule {
    requireSteps(size, "step")
    requireNotNegative("Schedule.step", ("first rate", first), ("factor", Float(factor)))
    return Schedule { step in Double(first) * pow(factor, Double(step / size)) }
  }

  /// `first`, multiplied by `factor` at each of the `milestones`; PyTorch's `MultiStepLR`.
  ///
  /// - Parameter milestones: steps, in any order; one named twice counts twice.
  public static func multiStep(
    from first: Float, at milestones: [Int], factor: Double = 0.1
  ) -> Schedule {
    requireNotNegative("Schedule.multiStep", ("first rate", first), ("factor", Float(factor)))
    return Schedule { step in
      Double(first) * pow(factor, Double(milestones.count { $0 <= step }))
    }
  }

  /// `first`, multiplied by `factor` after every step; PyTorch's `ExponentialLR`.
  public static func exponential(from first: Float, factor: Double) -> Schedule {
    requireNotNegative("Schedule.exponential", ("first rate", first), ("factor", Float(factor)))
    return Schedule { step in Double(first) * pow(factor, Double(step)) }
  }

  /// Half a cosine from `first` at step 0 to `last` at step `steps` (Loshchilov and Hutter, 2017,
  /// without restarts); PyTorch's `CosineAnnealingLR`, which climbs again where this one stays.
  public static func cosine(from first: Float, to last: Float, over steps: Int) -> Schedule {
    requireSteps(steps, "cosine")
    requireNotNegative("Schedule.cosine", ("first rate", first), ("last rate", last))
    let (first, last) = (Double(first), Double(last))
    return Schedule { step in
      halfCosine(from: first, to: last, Double(min(step, steps)) / Double(steps))
    }
  }

  /// Half a cosine from `first` towards `last` that begins again after `period` steps, each time
  /// `multiplier` times as long; PyTorch's `CosineAnnealingWarmRestarts`.
  public static func cosineWithRestarts(
    from first: Float, to last: Float = 0, every period: Int, multiplier: Int = 1
  ) -> Schedule {
    requireSteps(period, "cosineWithRestarts")
    requireNotNegative("Schedule.cosineWithRestarts", ("first rate", first), ("last rate", last))
    check(multiplier >= 1, "Schedule.cosineWithRestarts: a multiplier of \(multiplier) is below 1")
    let (first, last) = (Double(first), Double(last))
    return Schedule { step in
      var (begun, length) = (step, period)
      if multiplier == 1 {
        begun = step % period
      } else {
        while begun >= length {
          begun -= length
          length *= multiplier
        }
      }
      return halfCosine(from: first, to: last, Double(begun) / Double(length))
    }
  }

  /// How a one-cycle schedule goes from one rate to the next.
  public enum Anneal: Sendable {
    /// Along half a cosine.
    case cosine
    /// By the same amount in every step.
    case linear
  }

  /// Up to `maximum` and down to almost nothing (Smith and Topin, 2018); PyTorch's `OneCycleLR`
  /// with two phases, for the learning rate alone.
  ///
  /// - Parameters:
  ///   - steps: all steps; the last has the lowest rate.
  ///   - warmupFraction: the share of the steps that climbs.
  ///   - startDivisor: the first rate is maximum / this.
  ///   - endDivisor: the last rate is the first / this.
  public static func oneCycle(
    maximum: Float, over steps: Int, warmupFraction: Double = 0.3, startDivisor: Double = 25,
    endDivisor: Double = 1e4, anneal: Anneal = .cosine
  ) -> Schedule {
    requireSteps(steps, "oneCycle")
    requireNotNegative("Schedule.oneCycle", ("maximum", maximum))
    check(
      (0...1).contains(warmupFraction),
      "Schedule.oneCycle: a warm-up of \(warmupFraction) is no share of the steps")
    check(
      startDivisor > 0 && endDivisor > 0,
      "Schedule.oneCycle: divisors \(startDivisor) and \(endDivisor) must be above 0")
    let maximum = Double(maximum)
    let first = maximum / startDivisor
    let last = first / endDivisor
    let top = warmupFraction * Double(steps) - 1
    let end = Double(steps - 1)
    let between = anneal == .cosine ? halfCosine : straight
    return Schedule { step in
      let step = Double(step)
      if step >= end { return last }
      if step == top { return maximum }
      return step < top
        ? between(first, maximum, step / top) : between(maximum, last, (step - top) / (end - top))
    }
  }

  private static func requireSteps(_ steps: Int, _ name: String) {
    check(steps > 0, "Schedule.\(name): \(steps) steps; there must be at least one")
  }
}

@Sendable private func halfCosine(from first: Double, to last: Double, _ progress: Double) -> Double
{
  last + (first - last) * (1 + cos(.pi * progress)) / 2
}

@Sendable private func straight(from first: Double, to last: Double, _ progress: Double) -> Double {
  first + (last - first) * progress
}
