public import Glibc
import Support

/// How a program that a test started came to its end.
public struct ProcessRun: Sendable {
  /// The exit status, or 128 + the number of the signal that ended it.
  public let status: Int32
  /// Everything it wrote to standard output.
  public let output: String
  /// The lines it wrote to standard error.
  public let errors: [String]
  /// The seconds it took.
  public let seconds: Double
  /// Whether it was killed because it took too long.
  public let timedOut: Bool

  /// The lines of standard error that begin with `prefix`.
  public func errors(startingWith prefix: String) -> [String] {
    errors.filter { $0.hasPrefix(prefix) }
  }
}

/// How many times as long a program may take as an ordinary build of it: under the address sanitizer
/// a few times, under the thread sanitizer more than ten times.
public let patience: Double =
  dlsym(nil, "__tsan_init") != nil ? 30 : dlsym(nil, "__asan_init") != nil ? 6 : 1

/// A program that a test needs could not be started.
public struct StartFailure: Error, CustomStringConvertible {
  /// What could not be started, and why.
  public let description: String

  /// A failure that is described so.
  public init(description: String) { self.description = description }
}

/// Runs the program at the path `command[0]` and waits for its end.
///
/// It is the head of a process group of its own, which is killed after `limit` seconds, times `patience`:
/// a program that hangs makes its test fail. It writes to files, because a grandchild that outlives it
/// would hold a pipe open.
///
/// - Parameters:
///   - environment: variables to set on top of this process's, or with `nil` to remove.
///   - workingDirectory: where it is started; by default where this process is.
///   - whileRunning: called with its process id every few milliseconds.
public func run(
  _ command: [String], environment: [String: String?] = [:], in workingDirectory: String? = nil,
  limit: Double = 300, whileRunning: (pid_t) -> Void = { _ in }
) throws -> ProcessRun {
  let start = monotonicSeconds()
  let child = try ChildProcess(
    command, changing: environment, in: workingDirectory, limit: limit * patience,
    whileRunning: whileRunning)
  guard let child else { throw StartFailure(description: "\(command[0]): not found") }
  return ProcessRun(
    status: child.status, output: child.output,
    errors: child.errors.split(separator: "\n").map(String.init),
    seconds: monotonicSeconds() - start, timedOut: child.timedOut)
}
