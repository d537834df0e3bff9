import Diagnostics
import Support

/// How long a rank may wait for others before it says so, and before it ends the job.
public struct WatchLimits: Hashable, Sendable {
  /// Seconds until one table says what every rank is doing; 30 by default, 0 for never.
  public var warning: Double
  /// Seconds until the job ends with status 75; 600 by default, 0 for never.
  public var abort: Double

  /// These limits, in seconds.
  public init(warning: Double = 30, abort: Double = 600) {
    self.warning = warning
    self.abort = abort
  }

  /// The default, changed by the variables `LOCKSTEP_WARN_AFTER` and `LOCKSTEP_ABORT_AFTER`, which
  /// hold seconds. Stops the program where one of them is no number from 0.
  static var ofEnvironment: WatchLimits {
    var limits = WatchLimits()
    limits.warning = seconds(.warnAfter) ?? limits.warning
    limits.abort = seconds(.abortAfter) ?? limits.abort
    return limits
  }

  private static func seconds(_ setting: Setting) -> Double? {
    guard let text = setting.text else { return nil }
    guard let value = Double(text), value >= 0, value.isFinite else {
      setting.refuse(text, "a number of seconds, and 0 means never")
    }
    return value
  }

  /// Nanoseconds from one look of the watchdog to the next: an eighth of the shorter limit, but not
  /// more than 100 ms, so that a mismatch shows at once, and not less than 5 ms.
  var interval: UInt64 {
    let shorter = [warning, abort].filter { $0 > 0 }.min() ?? 1
    return UInt64(Swift.max(0.005, Swift.min(0.1, shorter / 8)) * 1e9)
  }
}
