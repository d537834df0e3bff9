import Foundation

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
/// - Parameter limit: seconds after which the job is killed.
public func mpirun(
  ranks: Int, _ program: String, _ arguments: [String], limit: Double = 60
) throws -> ProcessRun {
  try run(
    [try installed("mpirun"), "--oversubscribe", "-n", String(ranks), builtProgram(program)]
      + arguments,
    environment: plainEnvironment.merging([
      "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    ]) { $1 },
    limit: limit)
}

/// Runs a program of this package as one process, in an environment without any launcher but
/// `environment`.
public func runAlone(
  _ program: String, _ arguments: [String], environment: [String: String] = [:],
  limit: Double = 30
) throws -> ProcessRun {
  try run(
    [try builtProgram(program)] + arguments,
    environment: plainEnvironment.merging(environment) { $1 }, limit: limit)
}

/// Removes every launcher's variables, and Swift's crash reports, which take seconds.
private var plainEnvironment: [String: String?] {
  var changes: [String: String?] = [:]
  for name in ProcessInfo.processInfo.environment.keys
  where ["OMPI_", "PMIX_", "PMI_", "SLURM_"].contains(where: name.hasPrefix) {
    changes[name] = .some(nil)
  }
  changes["SWIFT_BACKTRACE"] = "enable=no"
  return changes
}

private func installed(_ program: String) throws -> String {
  let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
  guard
    let path = directories.map({ "\($0)/\(program)" })
      .first(where: FileManager.default.isExecutableFile(atPath:))
  else { throw StartFailure(description: "\(program): not found in PATH; these tests need it") }
  return path
}
