import Synchronization

/// Stops the program with `message` unless `condition` holds.
///
/// For mistakes in the calling program (shapes, dtypes, axes, misuse of `backward()`), which no caller can
/// recover from. The message is one sentence that names the operation and what was found:
/// `matmul: [64, 784] x [512, 10]: inner dimensions 784 and 512 differ`. Unlike `precondition` it keeps its
/// message in release builds.
@inline(__always)
public func check(
  _ condition: Bool, _ message: @autoclosure () -> String,
  file: StaticString = #fileID, line: UInt = #line
) {
  if !condition { stop(message(), file: file, line: line) }
}

/// Stops the program with `message`, on all ranks of the job.
@inline(never)
public func stop(
  _ message: String, file: StaticString = #fileID, line: UInt = #line
) -> Never {
  stopHandler.withLock { $0 }?(message)
  fatalError(message, file: file, line: line)
}

/// What a multi-rank session does when a check fails: report it with its rank and end the whole job.
private let stopHandler = Mutex<(@Sendable (String) -> Void)?>(nil)

/// Installs what happens when a check fails, before the process traps; `nil` removes it.
public func setStopHandler(_ handler: (@Sendable (_ message: String) -> Void)?) {
  stopHandler.withLock { $0 = handler }
}
