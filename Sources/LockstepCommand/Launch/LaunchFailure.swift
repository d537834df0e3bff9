import Glibc
package import Lockstep

/// A job could not be started, or has failed.
package struct LaunchFailure: ReportableError {
  package let description: String
  package let exitCode: ExitCode

  package init(_ description: String, _ exitCode: ExitCode) {
    self.description = description
    self.exitCode = exitCode
  }

  /// There is no program called `name`, a path or a name in `PATH`.
  static func missing(_ name: String) -> LaunchFailure {
    if name.contains("/") {
      return LaunchFailure("\(name): no such program; is it built?", .unavailable)
    }
    let remedy =
      switch name {
      case "mpirun": "; install Open MPI (launch/quickstart does)"
      case "taskset": "; install util-linux"
      default: ""
      }
    return LaunchFailure("\(name): not found in PATH\(remedy)", .unavailable)
  }

  /// The system cannot start `program`, for the reason `code`, as in `errno`.
  static func notStarted(_ program: String, _ code: Int32) -> LaunchFailure {
    guard code != ENOENT else { return missing(program) }
    return LaunchFailure("\(program): cannot be started: \(reason(of: code))", .unavailable)
  }

  /// Refuses to go on where this process is a rank itself: `command` starts ranks.
  static func refuseRanks(_ command: String) throws {
    guard LaunchEnvironment.current.startsMPI else { return }
    throw LaunchFailure("\(command) starts mpirun itself; run it without", .usage)
  }
}
