import Glibc
package import Lockstep

/// What this host has, as far as it decides how `mpirun` is to be called.
package struct LaunchHost {
  /// How many threads that compute it has room for.
  package let cores: Int
  /// Whether this process's affinity mask is narrower than the machine.
  package let isMasked: Bool
  /// Whether the user is root, which `mpirun` must be told.
  package let isRoot: Bool
  /// Whether a filter watches system calls, as in most containers.
  package let filtersSystemCalls: Bool

  package init(cores: Int, isMasked: Bool, isRoot: Bool, filtersSystemCalls: Bool) {
    self.cores = cores
    self.isMasked = isMasked
    self.isRoot = isRoot
    self.filtersSystemCalls = filtersSystemCalls
  }

  /// This host, seen by a process with this `allowance`.
  package init(_ allowance: CoreAllowance = .current()) {
    let status = text(ofFile: "/proc/self/status") ?? ""
    self.init(
      cores: allowance.count,
      isMasked: allowance.threadCount < sysconf(Int32(_SC_NPROCESSORS_ONLN)),
      isRoot: geteuid() == 0, filtersSystemCalls: status.contains("\nSeccomp:\t2"))
  }
}
