import Glibc
import Lockstep
import Support

/// PyTorch, where it is installed: what its operations take on this machine.
package struct PyTorchPeer {
  /// The Python to run.
  let python: String

  /// `python`, or the one that `launch/compare-pytorch` installs, if there is such a program.
  package init?(python: String?) {
    let cache =
      environmentVariable("XDG_CACHE_HOME") ?? (environmentVariable("HOME") ?? "") + "/.cache"
    self.python = python ?? cache + "/lockstep/pytorch/bin/python"
    guard access(self.python, X_OK) == 0 else { return nil }
  }

  /// Seconds of each operation of `bench ops`, by its name, with `threads` threads. Empty where
  /// this Python has no PyTorch; what it says itself goes to standard error.
  package func times(threads: Int) throws -> [String: Double] {
    // The program is an argument: there is no file to find or to leave.
    let program = String(decoding: PackageResources.pytorch_ops_py, as: UTF8.self)
    guard let child = try ChildProcess([python, "-c", program, "\(threads)"]) else { return [:] }
    printError(child.errors)
    var times: [String: Double] = [:]
    for line in child.output.split(separator: "\n") {
      let parts = line.split(separator: "\t")
      if parts.count == 2, let microseconds = Double(parts[1]) {
        times[String(parts[0])] = microseconds * 1e-6
      }
    }
    return times
  }
}
