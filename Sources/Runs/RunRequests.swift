import CRuntime
import Glibc
import Steps
import Support

/// What this rank asks for: signals that it has got, and on rank 0 the clock.
final class RunRequests {
  private let saving: Saving
  private let isRoot: Bool
  /// When the run is to stop, in seconds of the monotonic clock.
  private let limit: Double?
  private var seenSaves: Int32 = 0
  /// When a checkpoint was begun last.
  private var savedAt = monotonicSeconds()
  /// Whether a checkpoint is still being written: nobody waits for it because of the time.
  var isBusy = false
  private var isActive = false

  init(_ saving: Saving, limit: Double?, isRoot: Bool) {
    self.saving = saving
    self.isRoot = isRoot
    self.limit = limit.map { monotonicSeconds() + $0 }
  }

  /// Heeds signals from now on.
  func begin() {
    guard !isActive else { return }
    isActive = true
    lk_catch_requests()
  }

  /// Leaves signals as they were.
  func leave() {
    guard isActive else { return }
    isActive = false
    lk_leave_requests()
  }

  var current: StepRequests {
    StepRequests(
      stop: lk_stop_signal() != 0 || isOver ? 1 : 0,
      save: lk_save_requests() != seenSaves || isDue ? 1 : 0)
  }

  /// A checkpoint was begun.
  func saved() {
    seenSaves = lk_save_requests()
    savedAt = monotonicSeconds()
  }

  private var isOver: Bool { isRoot && limit.map { monotonicSeconds() >= $0 } ?? false }

  private var isDue: Bool {
    guard isRoot, !isBusy, let interval = saving.everySeconds else { return false }
    return monotonicSeconds() - savedAt >= interval
  }

  /// Why the run stops.
  var reason: String {
    switch lk_stop_signal() {
    case 0: isOver ? "after its time" : "by a signal to another rank"
    case SIGINT: "by SIGINT"
    case SIGTERM: "by SIGTERM"
    default: "by SIGUSR1"
    }
  }
}
