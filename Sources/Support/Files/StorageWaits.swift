import Diagnostics
import Glibc
import Synchronization

/// How long this process waits for a disk or a file server.
package struct StorageLimits: Hashable, Sendable {
  /// Seconds until one line says what it waits for; 0 for never.
  package var warning: Double
  /// Seconds until it ends with status 74; 0 for never.
  package var abort: Double

  package init(warning: Double, abort: Double) { (self.warning, self.abort) = (warning, abort) }

  /// What the variables `LOCKSTEP_WARN_AFTER` and `LOCKSTEP_STORAGE_AFTER` say, or for the latter
  /// `LOCKSTEP_ABORT_AFTER`; the default where they say nothing, or nonsense, which is refused elsewhere.
  package static let ofEnvironment = {
    let abort = Setting.abortAfter.secondsIfSound
    return StorageLimits(
      warning: Setting.warnAfter.secondsIfSound ?? 30,
      abort: Setting.storageAfter.secondsIfSound ?? abort ?? 600)
  }()

  /// Nanoseconds from one look to the next.
  var interval: UInt64 { lookInterval(ofLimits: [warning, abort]) }
}

/// Nanoseconds from one look of a watching thread to the next: an eighth of the shortest of these
/// limits, which are seconds, or 0 for never, but from 5 to 100 ms.
package func lookInterval(ofLimits limits: [Double]) -> UInt64 {
  let shortest = limits.filter { $0 > 0 }.min() ?? 1
  return UInt64(Swift.max(0.005, Swift.min(0.1, shortest / 8)) * 1e9)
}

/// The system calls by which this process waits for disks and file servers, and a thread that looks at
/// them: no call of the system has a limit of its own.
///
/// The thread is there while files are used, and for a second after that.
package enum StorageWaits {
  /// A call that has not returned.
  struct Wait {
    /// Another number for each.
    let serial: UInt64
    let action: FileError.Action
    let path: String
  }

  struct State {
    /// The oldest first.
    var waits: [Wait] = []
    var serial: UInt64 = 0
    var isWatched = false
    var limits: StorageLimits?
  }

  static let state = Mutex(State())

  /// How long it waits, for all its files.
  package static var limits: StorageLimits {
    get { state.withLock { $0.limits } ?? .ofEnvironment }
    set { state.withLock { $0.limits = newValue } }
  }

  /// Whether it waits at this moment; the number of the oldest wait, which is another for each.
  package static var oldestWait: UInt64? { state.withLock { $0.waits.first?.serial } }

  /// Calls `call`, which does something with the file at `path` and may have to wait for its disk.
  package static func waiting<Result>(
    to action: FileError.Action, _ path: String, _ call: () -> Result
  ) -> Result {
    let limits = limits
    let serial = state.withLock { state in
      state.serial += 1
      state.waits.append(Wait(serial: state.serial, action: action, path: path))
      if !state.isWatched { state.isWatched = StorageWatch.start(limits) }
      return state.serial
    }
    defer {
      let error = errno
      state.withLock { state in state.waits.removeAll { $0.serial == serial } }
      errno = error
    }
    return call()
  }
}

/// The result of `call`, repeated while a signal interrupts it: something that is done with the file at
/// `path`, and for which its disk may take long.
package func uninterrupted<Result: FixedWidthInteger>(
  _ action: FileError.Action, _ path: String, _ call: () -> Result
) -> Result {
  StorageWaits.waiting(to: action, path) { uninterrupted(call) }
}

/// What one thread remembers of the waits between its looks.
package struct StorageWatch {
  private let interval: UInt64
  private var seen: UInt64 = 0
  private var stopwatch: AwakeStopwatch
  private var hasWarned = false
  private var idleLooks = 0

  /// Looks without a wait after which the thread ends.
  private static let longestIdle = 10

  /// What a look has found.
  package enum Finding: Equatable {
    case nothing
    /// Nobody has waited for a while: the thread is to end, if it is so still.
    case idle
    /// After so many seconds.
    case warning(Double)
    case end(Double)
  }

  package init(_ limits: StorageLimits, at now: UInt64) {
    interval = limits.interval
    stopwatch = AwakeStopwatch(interval: interval, at: now)
  }

  /// Looks at the oldest wait, whose number is `wait`, at the moment `now`.
  package mutating func look(
    at wait: UInt64?, _ limits: StorageLimits, now: UInt64
  ) -> Finding {
    guard let wait else {
      (seen, idleLooks) = (0, idleLooks + 1)
      return idleLooks > Self.longestIdle ? .idle : .nothing
    }
    idleLooks = 0
    if wait != seen {
      (seen, hasWarned) = (wait, false)
      stopwatch = AwakeStopwatch(interval: interval, at: now)
    }
    let seconds = stopwatch.look(at: now)
    if limits.abort > 0, seconds > limits.abort { return .end(seconds) }
    guard limits.warning > 0, seconds > limits.warning, !hasWarned else { return .nothing }
    hasWarned = true
    return .warning(seconds)
  }

  /// Starts the thread; whether there is one. Without one, nothing but the limits is lost.
  static func start(_ limits: StorageLimits) -> Bool {
    let thread = SystemThread("lockstep-files") { run(limits) }
    thread?.detach()
    return thread != nil
  }

  private static func run(_ limits: StorageLimits) {
    var watch = StorageWatch(limits, at: monotonicNanoseconds())
    while true {
      usleep(UInt32(watch.interval / 1000))
      let wait = StorageWaits.state.withLock { $0.waits.first }
      switch watch.look(at: wait?.serial, StorageWaits.limits, now: monotonicNanoseconds()) {
      case .nothing: break
      case .idle:
        let isIdle = StorageWaits.state.withLock { state in
          if state.waits.isEmpty { state.isWatched = false }
          return state.waits.isEmpty
        }
        if isIdle { return }
      case .warning(let seconds):
        if let wait { writeLine("warning: \(Job.prefix)\(wait.sentence(after: seconds))") }
      case .end(let seconds):
        if let wait {
          stop("\(wait.sentence(after: seconds)); \(Self.advice)", status: .inputOutput)
        }
      }
    }
  }

  private static let advice = "look at the disk or network file system that holds it"
}

extension StorageWaits.Wait {
  /// "storage has not answered for 600 s while writing runs/a/model.safetensors"
  func sentence(after seconds: Double) -> String {
    let doing =
      switch action {
      case .open: "opening"
      case .read: "reading"
      case .create: "creating"
      case .write: "writing"
      }
    return "storage has not answered for \(duration(seconds)) while \(doing) \(path)"
  }
}
