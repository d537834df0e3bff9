import Glibc
import Support

/// What Open MPI leaves in the memory file system where ranks were killed: files that nobody uses, and that
/// nobody would ever remove. After some hundred failures they fill it.
package enum SharedMemoryRests {
  private static let prefixes = ["vader_segment.", "osc_sm."]

  /// Removes those files in `folder` that were made since `start`, in seconds since 1970, belong to this user,
  /// and are used by no process of this host.
  package static func remove(since start: Int, in folder: String = "/dev/shm") {
    // A job that begins has made a file and not used it yet: it uses it a moment later.
    let candidates = unused(since: start, in: folder)
    guard !candidates.isEmpty else { return }
    usleep(100_000)
    let still = Set(unused(since: start, in: folder))
    for path in candidates where still.contains(path) { unlink(path) }
  }

  private static func unused(since start: Int, in folder: String) -> [String] {
    let names = (try? names(inDirectory: folder)) ?? []
    let found = names.filter { name in prefixes.contains(where: name.hasPrefix) }.map {
      "\(folder)/\($0)"
    }.filter { path in
      var status = stat()
      return lstat(path, &status) == 0 && status.st_uid == getuid()
        && status.st_mtim.tv_sec >= start
    }
    guard !found.isEmpty, let processes = try? Support.names(inDirectory: "/proc") else {
      return []
    }
    var used = ""
    for process in processes where Int(process) != nil {
      for line in (text(ofFile: "/proc/\(process)/maps") ?? "").split(separator: "\n")
      where line.contains(folder) { used += line + "\n" }
    }
    return found.filter { !used.contains($0) }
  }
}
