import Foundation
public import Glibc

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
  let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(at: directory) }
  let output = directory.appending(path: "output")
  let errors = directory.appending(path: "errors")

  var merged = ProcessInfo.processInfo.environment
  for (name, value) in environment { merged[name] = value }

  let change = workingDirectory.map { ["/usr/bin/env", "-C", $0] } ?? []
  let start = SuspendingClock.now
  let process = try spawn(
    change + command, merged.map { "\($0)=\($1)" }, output: output.path, errors: errors.path)
  let (status, timedOut) = wait(
    for: process, until: start + .seconds(limit * patience), whileRunning)
  return ProcessRun(
    status: status,
    output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
    errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self)
      .split(separator: "\n").map(String.init),
    seconds: (SuspendingClock.now - start) / .seconds(1),
    timedOut: timedOut)
}

private func spawn(
  _ command: [String], _ environment: [String], output: String, errors: String
) throws -> pid_t {
  var files = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&files)
  defer { posix_spawn_file_actions_destroy(&files) }
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output, O_WRONLY | O_CREAT, 0o600)
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, errors, O_WRONLY | O_CREAT, 0o600)
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))

  var process: pid_t = 0
  let error = withCStrings(command) { arguments in
    withCStrings(environment) { environment in
      posix_spawn(&process, command[0], &files, &attributes, arguments, environment)
    }
  }
  guard error == 0 else {
    throw StartFailure(description: "\(command[0]): \(String(cString: strerror(error)))")
  }
  return process
}

private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let copies = strings.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  return body(copies + [nil])
}

private func wait(
  for process: pid_t, until deadline: SuspendingClock.Instant, _ whileRunning: (pid_t) -> Void
) -> (status: Int32, timedOut: Bool) {
  var state: Int32 = 0
  var timedOut = false
  while waitpid(process, &state, WNOHANG) == 0 {
    if !timedOut && SuspendingClock.now > deadline {
      timedOut = true
      kill(-process, SIGKILL)
    }
    whileRunning(process)
    usleep(5000)
  }
  let signal = state & 0x7f
  return (signal == 0 ? (state >> 8) & 0xff : 128 + signal, timedOut)
}
