import Foundation
public import Glibc
import Synchronization

/// The path of an executable target of this package, which is built beside the test bundle.
public func builtProgram(_ name: String) throws -> String {
  let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  let path = URL(filePath: tests).deletingLastPathComponent().appending(path: name).path
  guard FileManager.default.isExecutableFile(atPath: path) else {
    throw StartFailure(description: "\(path): not built")
  }
  return path
}

/// Runs a program of this package as `ranks` ranks on this machine, however few cores it has.
///
/// One job runs at a time, whichever suites ask: waiting ranks keep their cores busy, and each job
/// takes itself for the only one.
///
/// - Parameters:
///   - directory: where it is started; by default where this process is.
///   - environment: variables to set for it and the ranks.
///   - limit: seconds after which the job is killed.
///   - whileRunning: called with the process id of `mpirun` every few milliseconds.
public func mpirun(
  ranks: Int, _ program: String, _ arguments: [String], in directory: String? = nil,
  environment: [String: String] = [:], limit: Double = 300,
  whileRunning: (pid_t) -> Void = { _ in }
) throws -> ProcessRun {
  let command = [
    try installed("mpirun"), "--oversubscribe", "-n", String(ranks), try builtProgram(program),
  ]
  return try jobs.withLock { _ in
    try run(
      command + arguments,
      environment: plainEnvironment.merging([
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
      ]) { $1 }.merging(environment) { $1 },
      in: directory, limit: limit, whileRunning: whileRunning)
  }
}

/// Held while a job runs.
let jobs = Mutex(())

/// Calls `body`, which starts a job, while no other job runs.
public func withoutOtherJobs<Result>(_ body: () throws -> Result) rethrows -> Result {
  try jobs.withLock { _ in try body() }
}

/// Runs a program of this package as one process, in an environment without any launcher but
/// `environment`; with `nil` a variable is removed.
public func runAlone(
  _ program: String, _ arguments: [String], environment: [String: String?] = [:],
  in directory: String? = nil, limit: Double = 300, whileRunning: (pid_t) -> Void = { _ in }
) throws -> ProcessRun {
  try run(
    [try builtProgram(program)] + arguments,
    environment: plainEnvironment.merging(environment) { $1 }, in: directory, limit: limit,
    whileRunning: whileRunning)
}

/// Runs a program of this package that starts ranks itself; as `mpirun`, one such job at a time.
public func runStartingRanks(
  _ program: String, _ arguments: [String], environment: [String: String?] = [:],
  in directory: String? = nil, limit: Double = 300
) throws -> ProcessRun {
  try jobs.withLock { _ in
    try runAlone(program, arguments, environment: environment, in: directory, limit: limit)
  }
}

/// Removes every launcher's variables, and Swift's crash reports, which take seconds.
public var plainEnvironment: [String: String?] {
  var changes: [String: String?] = [:]
  for name in ProcessInfo.processInfo.environment.keys
  where ["OMPI_", "PMIX_", "PMI_", "SLURM_"].contains(where: name.hasPrefix) {
    changes[name] = .some(nil)
  }
  changes["SWIFT_BACKTRACE"] = "enable=no"
  return changes
}

/// The path of an installed program.
public func installed(_ program: String) throws -> String {
  let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
  guard
    let path = directories.map({ "\($0)/\(program)" })
      .first(where: FileManager.default.isExecutableFile(atPath:))
  else { throw StartFailure(description: "\(program): not found in PATH; these tests need it") }
  return path
}
