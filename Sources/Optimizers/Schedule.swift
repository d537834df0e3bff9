import Diagnostics
import Glibc

/// The learning rate of every optimiser step, counted from 0 over all ranks alike.
///
/// ```swift
/// let schedule = Schedule.cosine(from: 1e-3, to: 1e-4, over: 2000).warmedUp(for: 100)
/// optimizer.learningRate = schedule.rate(at: step)
/// ```
public struct Schedule: Sendable {
  private let function: @Sendable (_ step: Int) -> Double

  /// A schedule by a formula of the step.
  public init(_ function: @escaping @Sendable (_ step: Int) -> Double) { self.function = function }

  /// The learning rate of step `step`, from 0.
  public func rate(at step: Int) -> Float { Float(function(step)) }

  /// The same rate throughout.
  public static func constant(_ rate: Float) -> Schedule { Schedule { _ in Double(rate) } }

  /// Half a cosine from `first` at step 0 to `last` at step `steps`, and `last` from there on
  /// (Loshchilov and Hutter, 2017, without restarts).
  public static func cosine(from first: Float, to last: Float, over steps: Int) -> Schedule {
    check(steps > 0, "Schedule.cosine: \(steps) steps; there must be at least one")
    let (first, last) = (Double(first), Double(last))
    return Schedule { step in
      let progress = Double(min(step, steps)) / Double(steps)
      return last + (first - last) * (1 + cos(.pi * progress)) / 2
    }
  }

  /// This schedule after `steps` steps that climb evenly to its first rate.
  public func warmedUp(for steps: Int) -> Schedule {
    let main = function
    return Schedule { step in
      step < steps ? main(0) * Double(step + 1) / Double(steps + 1) : main(step - steps)
    }
  }
}
