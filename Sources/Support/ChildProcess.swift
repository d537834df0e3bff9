import Glibc
import Diagnostics

/// A program that was run to its end.
package struct ChildProcess {
  /// Its exit status, or 128 + the number of the signal that ended it.
  package let status: Int32
  package let output: String
  package let errors: String

  /// Runs the program called `command[0]`, which is looked for in `PATH`; nil where there is none.
  ///
  /// It writes to files without a name, because a process that it leaves behind would hold a pipe
  /// open.
  package init?(_ command: [String]) throws {
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
    self.output = content(of: output)
    self.errors = content(of: errors)
  }
}

/// A program that is there and cannot be started.
private struct ChildError: ReportableError {
  let program: String
  let reason: String
  var description: String { "\(program): cannot be started: \(reason)" }
  var exitCode: ExitCode { .unavailable }
}

/// All of a file that is open.
private func content(of file: UnsafeMutablePointer<FILE>) -> String {
  rewind(file)
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
    bytes += buffer[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// The text of a small file; nil where it cannot be read.
package func text(ofFile path: String) -> String? {
  guard let file = fopen(path, "r") else { return nil }
  defer { fclose(file) }
  return content(of: file)
}
