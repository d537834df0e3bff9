import Diagnostics

/// The learning rate of every optimiser step, counted from 0 over all ranks alike.
///
/// ```swift
/// let schedule = Schedule.cosine(from: 1e-3, to: 1e-4, over: 2000).warmedUp(for: 100)
/// optimizer.learningRate = schedule.rate(at: step)
/// ```
///
/// A schedule has no state: to go on in the middle of a run, ask it for a later step. Steps are
/// those of the optimiser; for a rate by epoch, multiply by the batches of an epoch.
public struct Schedule: Sendable {
  let function: @Sendable (_ step: Int) -> Double

  /// A schedule by a formula of the step.
  public init(_ function: @escaping @Sendable (_ step: Int) -> Double) { self.function = function }

  /// The learning rate of step `step`, from 0. Stops for a negative one.
  public func rate(at step: Int) -> Float {
    check(step >= 0, "Schedule.rate: step \(step); steps count from 0")
    return Float(function(step))
  }

  /// This schedule for `steps` steps, and then `next` from its own step 0 on; PyTorch's
  /// `SequentialLR`.
  public func then(_ next: Schedule, after steps: Int) -> Schedule {
    check(steps >= 0, "Schedule.then: after \(steps) steps; there must be none or more")
    return Schedule { [function] step in
      step < steps ? function(step) : next.function(step - steps)
    }
  }

  /// This schedule after `steps` steps that climb evenly to its first rate, from `start` times that
  /// rate on.
  ///
  /// - Parameter start: by default 1 / (steps + 1), so that the step before the first would have
  ///   had rate 0 and no step is lost.
  public func warmedUp(for steps: Int, from start: Float? = nil) -> Schedule {
    check(steps >= 0, "Schedule.warmedUp: for \(steps) steps; there must be none or more")
    requireNotNegative("Schedule.warmedUp", ("start", start ?? 0))
    let first = function(0)
    let start = start.map(Double.init) ?? 1 / Double(steps + 1)
    let climb = Schedule { step in first * (start + (1 - start) * Double(step) / Double(steps)) }
    return climb.then(self, after: steps)
  }

  /// This schedule with every rate multiplied by `factor`.
  public func scaled(by factor: Float) -> Schedule {
    requireNotNegative("Schedule.scaled", ("factor", factor))
    return Schedule { [function] step in Double(factor) * function(step) }
  }
}
