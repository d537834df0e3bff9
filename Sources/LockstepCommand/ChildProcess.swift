import Glibc
import Lockstep

/// A program that was run to its end.
struct ChildProcess {
  /// Its exit status, or 128 + the number of the signal that ended it.
  let status: Int32
  let output: String
  let errors: String

  /// Runs the program called `command[0]`, which is looked for in `PATH`; nil where there is none.
  ///
  /// It writes to files without a name, because a process that it leaves behind would hold a pipe
  /// open.
  init?(_ command: [String]) throws {
    guard let output = tmpfile(), let errors = tmpfile() else {
      throw ChildError(program: command[0], reason: String(cString: strerror(errno)))
    }
    defer {
      fclose(output)
      fclose(errors)
    }
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&files, fileno(output), STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&files, fileno(errors), STDERR_FILENO)
    var arguments = command.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    var process: pid_t = 0
    let failure = posix_spawnp(&process, command[0], &files, nil, arguments, environ)
    if failure == ENOENT { return nil }
    guard failure == 0 else {
      throw ChildError(program: command[0], reason: String(cString: strerror(failure)))
    }
    var state: Int32 = 0
    while waitpid(process, &state, 0) < 0, errno == EINTR {}
    let signal = state & 0x7f
    status = signal == 0 ? (state >> 8) & 0xff : 128 + signal
    self.output = Self.content(of: output)
    self.errors = Self.content(of: errors)
  }

  private static func content(of file: UnsafeMutablePointer<FILE>) -> String {
    rewind(file)
    return text(of: file) ?? ""
  }
}

/// A program that is there and cannot be started.
private struct ChildError: ReportableError {
  let program: String
  let reason: String
  var description: String { "\(program): cannot be started: \(reason)" }
  var exitCode: ExitCode { .unavailable }
}
