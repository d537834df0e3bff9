import Glibc

/// Sees to it that the launcher of an aborted job ends.
///
/// Where the network between hosts is cut, `mpirun` and its daemons tell each other to end and wait
/// for the answer as long as TCP repeats a message, which is a quarter of an hour: keep-alive probes
/// are for idle connections only. The ranks are gone by then, so a process of its own waits, and
/// kills this rank's launcher if it is still there.
enum LauncherGuard {
  /// Seconds that a launcher has to end in. An abort takes two where the network works.
  private static let patience = 5

  private static let launchers: Set<String> = ["mpirun", "mpiexec", "orterun", "orted"]

  /// Starts that process, if this one's parent is a launcher of Open MPI.
  static func start() {
    let parent = getppid()
    guard let name = processName(parent), launchers.contains(name) else { return }
    let script = "sleep $1; [ \"$(cat /proc/$2/comm)\" != \"$3\" ] || kill -KILL $2"
    let command = ["/bin/sh", "-c", script, "sh", "\(patience)", "\(parent)", name]
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    // Where a connection of this process stays open, the rank is taken to be alive.
    for file in 3..<Int32(4096) { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The launcher kills the rank's process group.
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    var arguments = command.map { strdup($0) }
    defer { for argument in arguments { free(argument) } }
    arguments.append(nil)
    var process: pid_t = 0
    // Without it the launcher ends when the network says so.
    _ = posix_spawn(&process, command[0], &files, &attributes, arguments, environ)
  }

  /// The name of a process; nil where there is none.
  private static func processName(_ process: pid_t) -> String? {
    guard let file = fopen("/proc/\(process)/comm", "r") else { return nil }
    defer { fclose(file) }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
      guard let start = text.baseAddress, fgets(start, 32, file) != nil else { return nil }
      return String(String(cString: start).prefix { $0 != "\n" })
    }
  }
}
