import Glibc
package import Lockstep
import Support

/// Starts this program again on several ranks, as `launch/lib.sh` does.
package struct RankLauncher {
  /// Threads of each rank.
  let threads: Int
  /// Where the hosts are named; nil: this one.
  let hostFile: String?
  /// The cores that ranks of this host may use.
  package let cores = availableCores()

  package init(threads: Int, hostFile: String?) {
    self.threads = threads
    self.hostFile = hostFile
  }

  /// Whether so many ranks take turns on the cores of this host; with a host file nobody knows.
  package func isCrowded(_ ranks: Int) -> Bool { hostFile == nil && ranks * threads > cores }

  /// What `lockstep` with `arguments` prints on `ranks` ranks. One that is alone has as many cores
  /// of this host as each of several would have, in every `turn` others.
  ///
  /// Throws `LaunchFailure` where `mpirun` is missing or the job fails.
  package func run(_ arguments: [String], ranks: Int, turn: Int) throws -> String {
    setenv("SWIFT_BACKTRACE", "enable=no", 0)
    if geteuid() == 0 {
      setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1)
      setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1)
    }
    let program = try ownPath()
    let isPlain = ranks == 1 && hostFile == nil
    let command = (isPlain ? taskset(turn) : mpirun(ranks)) + [program] + arguments
    guard let child = try ChildProcess(command) else {
      throw LaunchFailure(
        description: "\(command[0]): not found in PATH; "
          + (isPlain ? "install util-linux" : "install Open MPI (launch/quickstart does)"),
        exitCode: .unavailable)
    }
    guard child.status == 0 else { throw LaunchFailure(child, ranks: ranks) }
    printError(child.errors)
    return child.output
  }

  private func taskset(_ turn: Int) -> [String] {
    guard let chosen = hardwareThreads(ofCores: threads, turn: turn) else { return [] }
    return ["taskset", "--cpu-list", chosen.map(String.init).joined(separator: ",")]
  }

  private func mpirun(_ ranks: Int) -> [String] {
    var command = ["mpirun", "-n", "\(ranks)", "-x", "SWIFT_BACKTRACE"]
    if geteuid() == 0 { command.append("--allow-run-as-root") }
    let bound = ["--map-by", "slot:PE=\(threads)", "--bind-to", "core"]
    let unbound = ["--bind-to", "none", "--oversubscribe"]
    if let hostFile {
      // A host that vanishes is noticed after half a minute, not eight.
      command += ["--hostfile", hostFile] + bound
      command += ["--mca", "oob_tcp_keepalive_time", "10", "--mca", "oob_tcp_keepalive_intvl", "5"]
      command += ["--mca", "oob_tcp_keepalive_probes", "3"]
    } else if isCrowded(ranks) {
      command += unbound + ["--mca", "mpi_yield_when_idle", "1"]
    } else if Threads.availableCores < sysconf(Int32(_SC_NPROCESSORS_ONLN)) {
      // mpirun would bind to cores outside this process's affinity mask; unbound ranks inherit it.
      command += unbound
    } else {
      command += bound
    }
    // Under a system call filter, as in most containers, ranks may not read each other's memory.
    if text(ofFile: "/proc/self/status")?.contains("\nSeccomp:\t2") == true {
      command += ["--mca", "btl_vader_single_copy_mechanism", "none"]
    }
    return command
  }

  private func ownPath() throws -> String {
    var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &path, path.count)
    guard count > 0 else {
      throw LaunchFailure(description: "/proc is not mounted", exitCode: .unavailable)
    }
    return String(decoding: path[..<count], as: UTF8.self)
  }
}

/// A job that a command started has failed.
package struct LaunchFailure: ReportableError {
  package let description: String
  package let exitCode: ExitCode

  package init(description: String, exitCode: ExitCode) {
    self.description = description
    self.exitCode = exitCode
  }

  /// The last line that a rank of `child` said is passed on, and its status. Where no rank could
  /// speak, all that `mpirun` has to say is printed.
  init(_ child: ChildProcess, ranks: Int) {
    let prefix = "error: "
    let lines = child.errors.split(separator: "\n")
    let last = lines.last { $0.hasPrefix(prefix) }
    if last == nil { printError(child.errors) }
    let cause = last.map { String($0.dropFirst(prefix.count)) }
    description =
      "a job of \(ranks) rank(s): \(cause ?? "ended with status \(child.status); see above")"
    exitCode = ExitCode(rawValue: child.status)
  }
}
