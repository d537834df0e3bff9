import Foundation
import Synchronization

/// Something that happens to a host while a job runs.
public enum HostEvent: Sendable {
  /// Its link becomes slow, also for a program that is slow itself (`patience`).
  case slow
  /// Its link is cut.
  case cut
  /// The daemon that started its ranks is killed.
  case kill
}

/// Runs a program of this package on `hosts` hosts with `slots` ranks each, see
/// `Tests/Hosts/on-hosts`.
///
/// Where this machine lets nobody have network namespaces it says so on standard error and returns
/// nil: there is nothing to be tested.
///
/// - Parameters:
///   - event: what happens to which host, from 1, as soon as the file of that path is not empty.
///   - directory: where it is started.
public func runOnHosts(
  _ hosts: Int, slots: Int, _ program: String, _ arguments: [String],
  event: (kind: HostEvent, host: Int, file: String)? = nil, in directory: String
) throws -> ProcessRun? {
  let script = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Hosts/on-hosts").standardized.path
  let when = event.map { ["--when", $0.file, "\($0.kind)", "\($0.host)"] } ?? []
  let program = program.hasPrefix("/") ? program : try builtProgram(program)
  let variables = ["TMPDIR": directory, "PATIENCE": "\(Int(patience))"]
  let job = try jobs.withLock { _ in
    try run(
      [script, "\(hosts)", "\(slots)"] + when + [program] + arguments,
      environment: plainEnvironment.merging(variables) { $1 }, in: directory)
  }
  guard job.status == 99 else { return job }
  let note = "note: not tested on several hosts: \(job.errors.last ?? "")\n"
  FileHandle.standardError.write(Data(note.utf8))
  return nil
}
