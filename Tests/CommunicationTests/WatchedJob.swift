import Foundation
import TestSupport
import Testing

/// What a job needs whose ranks wait for what does not come: limits of seconds, far longer than
/// ranks that are in order wait for each other where nothing else runs.
func limits(abort: Double = 4) -> [String: String] {
  [
    "LOCKSTEP_WARN_AFTER": "1", "LOCKSTEP_ABORT_AFTER": "\(abort)",
    // Open MPI need not wait a second for ranks to end by themselves.
    "OMPI_MCA_odls_base_sigkill_timeout": "0",
  ]
}

/// Runs checks of MPIChecks with such limits, on ranks of this machine that take themselves to be on
/// `hosts` hosts, host1 and so on, with the same number of ranks on each or one fewer on the later
/// ones; 0: on one.
func watchedJob(
  _ ranks: Int, hosts: Int = 0, _ checks: String..., abort: Double = 4
) throws -> ProcessRun {
  let pretended = hosts > 0 ? ["PRETENDED_HOSTS": "\(hosts)"] : [:]
  return try mpirun(
    ranks: ranks, "MPIChecks", checks,
    environment: limits(abort: abort).merging(pretended) { $1 })
}

/// `WatchChecks.swift:12`, where the line of a file of MPIChecks that ends with the comment `marker`
/// is 12.
func place(_ marker: String) throws -> String {
  let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  for file in ["WatchChecks", "HostChecks", "PartChecks", "HandedOverChecks"] {
    let source = try String(
      contentsOf: tests.appending(path: "MPIChecks/\(file).swift"), encoding: .utf8)
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    if let index = lines.firstIndex(where: { $0.hasSuffix("// \(marker)") }) {
      return "\(file).swift:\(index + 1)"
    }
  }
  Issue.record("no line of MPIChecks ends with // \(marker)")
  return marker
}

/// Expects one line `error:` that has all of `parts`, in this order.
func expectEnd(
  _ job: ProcessRun, _ status: Int32, _ parts: [String],
  at location: SourceLocation = #_sourceLocation
) {
  #expect(job.status == status, "\(job.errors)", sourceLocation: location)
  let lines = job.errors(startingWith: "error: ")
  #expect(lines.count == 1, "\(job.errors)", sourceLocation: location)
  var rest = Substring(lines.first ?? "")
  for part in parts {
    let range = rest.range(of: part)
    #expect(range != nil, "\(part) is not in \(lines)", sourceLocation: location)
    if let range { rest = rest[range.upperBound...] }
  }
}
