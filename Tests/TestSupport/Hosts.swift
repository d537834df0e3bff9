import Foundation
import Synchronization
public import Testing

/// Something that happens to a host while a job runs.
public enum HostEvent: Sendable {
  /// Its link becomes slow; standard error says at the end how many packets it held back.
  case slow
  /// Its link is cut.
  case cut
  /// The daemon that started its ranks is killed.
  case kill
  /// All its processes are stopped.
  case stop
}

/// Why this machine lets nobody have hosts to test with; nil: it does. Found out once.
private let hostsMissing: String? = {
  do {
    let check = try run([onHosts, "--check"], environment: plainEnvironment)
    return check.status == 0 ? nil : check.errors.last ?? "on-hosts ended with \(check.status)"
  } catch { return "\(error)" }
}()

private let onHosts = URL(filePath: #filePath).deletingLastPathComponent()
  .appending(path: "../Hosts/on-hosts").standardized.path

extension Trait where Self == ConditionTrait {
  /// Shows tests as skipped, with the reason, where a machine cannot have several hosts.
  public static var needsHosts: Self {
    .enabled(if: hostsMissing == nil, "\(hostsMissing ?? "")")
  }
}

/// Runs a program of this package on `hosts` hosts with `slots` ranks each, see
/// `Tests/Hosts/on-hosts`. For tests that have the trait `needsHosts`.
///
/// - Parameters:
///   - event: what happens to which host, from 1, as soon as the file of that path is not empty; if
///     it is not from the beginning, before the job starts.
///   - environment: variables to set; those that begin with `LOCKSTEP_` for the ranks too.
///   - directory: where it is started.
public func runOnHosts(
  _ hosts: Int, slots: Int, _ program: String, _ arguments: [String],
  event: (kind: HostEvent, host: Int, file: String)? = nil,
  environment: [String: String] = [:], in directory: String
) throws -> ProcessRun {
  let when = event.map { ["--when", $0.file, "\($0.kind)", "\($0.host)"] } ?? []
  let program = program.hasPrefix("/") ? program : try builtProgram(program)
  let variables = ["TMPDIR": directory, "PATIENCE": "\(Int(patience))"]
  return try jobs.withLock { _ in
    try run(
      [onHosts, "\(hosts)", "\(slots)"] + when + [program] + arguments,
      environment: plainEnvironment.merging(variables) { $1 }.merging(environment) { $1 },
      in: directory)
  }
}
