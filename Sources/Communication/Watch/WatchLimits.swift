import Diagnostics
import Support

/// How long a rank may wait for others, or for storage, before it says so, and before it ends the job.
public struct WatchLimits: Hashable, Sendable {
  /// Seconds until one table says what every rank is doing; 30 by default, 0 for never.
  public var warning: Double
  /// Seconds until the job ends with status 75; 600 by default, 0 for never.
  public var abort: Double
  /// Seconds that a disk or file server may take for one call of the system until the job ends with
  /// status 74; 0 for never, and nil, the default, for as long as `abort`.
  public var storage: Double?

  /// These limits, in seconds.
  public init(warning: Double = 30, abort: Double = 600, storage: Double? = nil) {
    self.warning = warning
    self.abort = abort
    self.storage = storage
  }

  /// The default, changed by the variables `LOCKSTEP_WARN_AFTER`, `LOCKSTEP_ABORT_AFTER` and
  /// `LOCKSTEP_STORAGE_AFTER`, which hold seconds. Stops the program where one of them is no number
  /// from 0.
  static var ofEnvironment: WatchLimits {
    var limits = WatchLimits()
    limits.warning = Setting.warnAfter.seconds ?? limits.warning
    limits.abort = Setting.abortAfter.seconds ?? limits.abort
    limits.storage = Setting.storageAfter.seconds
    return limits
  }

  /// Nanoseconds from one look of the watchdog to the next: so few that a mismatch shows at once.
  var interval: UInt64 { lookInterval(ofLimits: [warning, abort]) }

  /// What they say about storage.
  var ofStorage: StorageLimits {
    StorageLimits(warning: warning, abort: storage ?? abort)
  }
}
