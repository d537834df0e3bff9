import Glibc
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

/// Stops the program with `message`, on all ranks of the job: one line `error: …` on standard error,
/// and the exit status `status`.
///
/// After a mistake in the program (status 70) the line ends with the place in the user's program
/// where the operation was called, `(Training.swift:12)`; where there is no debug information, and in
/// a bundle of tests, with the place of the check.
@inline(never)
public func stop(
  _ message: String, status: ExitCode = .internalError, file: StaticString = #fileID,
  line: UInt = #line
) -> Never {
  var sentence = printableLines(message)
  if status == .internalError {
    sentence += " (\((isTest() ? nil : CallSite.userLine()) ?? "\(file):\(line)"))"
  }
  stopHandler.withLock { $0 }?(sentence, status)
  flushOutput()
  writeLine("error: \(sentence)")
  _exit(status.rawValue)
}

/// Whether this process runs the tests of a package. They make mistakes on purpose, hundreds at the
/// same time, and to find a line each would read all debug information: half a second, and 100 MB.
private func isTest() -> Bool {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { path in
    guard let start = path.baseAddress else { return false }
    let count = readlink("/proc/self/exe", start, Int(PATH_MAX))
    guard count > 0 else { return false }
    start[count] = 0
    return String(cString: start).hasSuffix(".xctest")
  }
}

/// Reports a failed check and ends the job.
public typealias StopHandler = @Sendable (_ message: String, _ status: ExitCode) -> Void

private let stopHandler = Mutex<StopHandler?>(nil)

/// Installs what happens when a check fails, before the process ends; `nil` removes it.
///
/// A session of several ranks reports the rank and ends the whole job.
public func setStopHandler(_ handler: StopHandler?) {
  stopHandler.withLock { $0 = handler }
}
