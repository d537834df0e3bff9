import Glibc

/// PyTorch, where it is installed: what its operations take on this machine.
package struct PyTorchPeer {
  /// The Python to run.
  let python: String

  /// `python`, or the one that `launch/compare-pytorch` installs, if there is such a program.
  package init?(python: String?) {
    let cache = environment("XDG_CACHE_HOME") ?? (environment("HOME") ?? "") + "/.cache"
    self.python = python ?? cache + "/lockstep/pytorch/bin/python"
    guard access(self.python, X_OK) == 0 else { return nil }
  }

  /// Seconds of each operation of `bench ops`, by its name, with `threads` threads. Empty where
  /// this Python has no PyTorch; it says so itself on standard error.
  package func times(threads: Int) -> [String: Double] {
    // The program travels in the environment: nothing to quote, and no file to find or to leave.
    setenv("LOCKSTEP_PYTHON", python, 1)
    setenv(
      "LOCKSTEP_PEER_PROGRAM", String(decoding: PackageResources.pytorch_ops_py, as: UTF8.self), 1)
    defer {
      unsetenv("LOCKSTEP_PYTHON")
      unsetenv("LOCKSTEP_PEER_PROGRAM")
    }
    let command = "exec \"$LOCKSTEP_PYTHON\" -c \"$LOCKSTEP_PEER_PROGRAM\" \(threads)"
    guard let pipe = popen(command, "r") else { return [:] }
    defer { pclose(pipe) }
    var times: [String: Double] = [:]
    var line = [CChar](repeating: 0, count: 512)
    while fgets(&line, Int32(line.count), pipe) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      let parts = text.split(whereSeparator: { $0 == "\t" || $0 == "\n" })
      if parts.count == 2, let microseconds = Double(parts[1]) {
        times[String(parts[0])] = microseconds * 1e-6
      }
    }
    return times
  }
}

private func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
