import Synchronization

/// Stops the program with `message` unless `condition` holds.
///
/// For mistakes in the calling program (shapes, dtypes, axes, misuse of `backward()`), which no
/// caller can recover from. The message is one sentence that names the operation and what was
/// found: `matmul: [64, 784] x [512, 10]: inner dimensions 784 and 512 differ`. Unlike
/// `precondition` it keeps its message in release builds.
@inline(__always)
public func check(
  _ condition: Bool, _ message: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition { stop(message(), file: file, line: line) }
}

/// Stops the program with `message`, on all ranks of the job.
///
/// - Parameter status: the exit status of a job of several ranks; a single process traps.
@inline(never)
public func stop(
  _ message: String, status: ExitCode = .internalError, file: StaticString = #fileID,
  line: UInt = #line
) -> Never {
  stopHandler.withLock { $0 }?(message, status)
  fatalError(message, file: file, line: line)
}

/// Reports a failed check and ends the job.
public typealias StopHandler = @Sendable (_ message: String, _ status: ExitCode) -> Void

private let stopHandler = Mutex<StopHandler?>(nil)

/// Installs what happens when a check fails, before the process traps; `nil` removes it.
///
/// A session of several ranks reports the rank and ends the whole job.
public func setStopHandler(_ handler: StopHandler?) {
  stopHandler.withLock { $0 = handler }
}
