import Glibc
import Support

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
    // Where a connection of this process stays open, the rank is taken to be alive.
    for file in 3..<Int32(4096) { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
    // The launcher kills the rank's process group. Without this process it ends when the network says
    // so.
    _ = try? spawn(command, output: nil, errors: nil, leadsGroup: true)
  }

  /// The name of a process; nil where there is none.
  private static func processName(_ process: pid_t) -> String? {
    text(ofFile: "/proc/\(process)/comm").map { String($0.prefix { $0 != "\n" }) }
  }
}
