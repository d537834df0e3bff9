import Lockstep

/// How many ranks of how many threads a job has, and on which hosts: all that decides how `mpirun` is
/// called.
package struct JobPlan {
  /// The number of ranks; nil: one for every slot of the host file.
  package let ranks: Int?
  /// Threads of each rank.
  package let threads: Int
  /// Where the hosts are named; nil: all ranks are on this one.
  package let hostFile: String?
  /// This host.
  package let host: LaunchHost

  /// What is nil is decided: without a host file one rank for each core, or for as many cores as it
  /// has threads, at most four, and the cores divided by the ranks; with one a rank for every slot, of
  /// one thread.
  package init(ranks: Int?, threads: Int?, hostFile: String?, on host: LaunchHost) {
    let count = ranks ?? (hostFile == nil ? min(4, max(1, host.cores / (threads ?? 1))) : nil)
    self.ranks = count
    self.threads = threads ?? (hostFile == nil ? max(1, host.cores / max(1, count ?? 1)) : 1)
    self.hostFile = hostFile
    self.host = host
  }

  /// Whether the job is one process of this host, which needs no `mpirun`.
  package var isPlain: Bool { ranks == 1 && hostFile == nil }

  /// Whether the ranks take turns on the cores of this host; with a host file nobody knows.
  package var isCrowded: Bool { hostFile == nil && (ranks ?? 1) * threads > host.cores }

  /// The command before the program.
  ///
  /// - Parameters:
  ///   - variables: what the ranks find in their environment, each as `NAME=value`, or as
  ///     `NAME` where this process has it.
  ///   - endsFast: whether ranks are killed at once where one is lost, and not after two seconds.
  package func mpirun(variables: [String], endsFast: Bool = false) -> [String] {
    var command = ["mpirun"]
    if endsFast { command += ["--mca", "odls_base_sigkill_timeout", "0"] }
    if let ranks { command += ["-n", "\(ranks)"] }
    if host.isRoot { command.append("--allow-run-as-root") }
    command += placement
    // Under a system call filter, as in most containers, ranks may not read each other's memory.
    if host.filtersSystemCalls {
      command += ["--mca", "btl_vader_single_copy_mechanism", "none"]
    }
    return command + variables.flatMap { ["-x", $0] }
  }

  private var placement: [String] {
    let bound = ["--map-by", "slot:PE=\(threads)", "--bind-to", "core"]
    let unbound = ["--bind-to", "none", "--oversubscribe"]
    if let hostFile {
      // A host that vanishes is noticed after half a minute, not eight.
      return ["--hostfile", hostFile] + bound + [
        "--mca", "oob_tcp_keepalive_time", "10", "--mca", "oob_tcp_keepalive_intvl", "5",
        "--mca", "oob_tcp_keepalive_probes", "3",
      ]
    }
    if isCrowded { return unbound + ["--mca", "mpi_yield_when_idle", "1"] }
    // mpirun would bind to cores outside this process's affinity mask; unbound ranks inherit it.
    return host.isMasked ? unbound : bound
  }
}
