import CRuntime
package import Diagnostics
package import Glibc

/// A program that cannot be started.
package struct StartError: ReportableError {
  package let program: String
  /// What the system says, as in `errno`.
  package let code: Int32

  package var description: String { "\(program): cannot be started: \(reason(of: code))" }
  package var exitCode: ExitCode { .unavailable }
}

/// Starts the program called `command[0]`, which is looked for in `PATH`, and returns its process.
///
/// It reads nothing. What is not said here it has from this process.
///
/// - Parameters:
///   - changes: variables of the environment to set, or with nil to remove.
///   - directory: where it is started, by `env`: a program that is missing then ends with status 127.
///   - output: the open file that it writes to; nil: nothing keeps what it writes.
///   - errors: the same for its standard error.
///   - leadsGroup: whether it is the head of a process group of its own, which no signal to that of
///     this process reaches. It obeys SIGHUP, SIGINT and SIGQUIT, also where this process ignores
///     them, as one does that was started under `nohup` or behind a shell's `&`.
package func spawn(
  _ command: [String], changing changes: [String: String?] = [:], in directory: String? = nil,
  output: Int32?, errors: Int32?, leadsGroup: Bool = false
) throws(StartError) -> pid_t {
  var files = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&files)
  defer { posix_spawn_file_actions_destroy(&files) }
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
  for (file, target) in [(output, STDOUT_FILENO), (errors, STDERR_FILENO)] {
    if let file {
      posix_spawn_file_actions_adddup2(&files, file, target)
    } else {
      posix_spawn_file_actions_addopen(&files, target, "/dev/null", O_WRONLY, 0)
    }
  }
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  var signals = sigset_t()
  sigemptyset(&signals)
  // What this process ignores for itself alone.
  for signal in [SIGPIPE, SIGXFSZ] where lk_ignores_failed_write(signal) {
    sigaddset(&signals, signal)
  }
  if leadsGroup { for signal in [SIGHUP, SIGINT, SIGQUIT] { sigaddset(&signals, signal) } }
  posix_spawnattr_setsigdefault(&attributes, &signals)
  posix_spawnattr_setflags(
    &attributes, Int16(POSIX_SPAWN_SETSIGDEF | (leadsGroup ? POSIX_SPAWN_SETPGROUP : 0)))

  // The C library's function for it is not one that Swift sees.
  let words = (directory.map { ["/usr/bin/env", "-C", $0] } ?? []) + command
  var process: pid_t = 0
  let failure = withCStrings(words) { arguments in
    withCStrings(changes.compactMap { name, value in value.map { "\(name)=\($0)" } }) { changed in
      posix_spawnp(
        &process, words[0], &files, &attributes, arguments,
        inherited(without: changes.keys) + changed)
    }
  }
  guard failure == 0 else { throw StartError(program: command[0], code: failure) }
  return process
}

/// The variables of this process but those with these `names`, each as it is: a value need not be text.
private func inherited(
  without names: some Collection<String>
) -> [UnsafeMutablePointer<CChar>?] {
  var variables: [UnsafeMutablePointer<CChar>?] = []
  var next = environ
  while let variable = next.pointee {
    let name = UnsafeBufferPointer(start: variable, count: strlen(variable)).prefix { $0 != 0x3D }
    if !names.contains(where: { $0.utf8.elementsEqual(name.lazy.map { UInt8(bitPattern: $0) }) }) {
      variables.append(variable)
    }
    next += 1
  }
  return variables
}

private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let copies = strings.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  return body(copies + [nil])
}
