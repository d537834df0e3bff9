import TestSupport
import Testing

/// Runs `lockstep` with the words of `line`, as one process, or with more than one rank under
/// `mpirun`.
///
/// - Parameter directory: where it is started, so that relative paths lead there.
func lockstep(
  _ line: String, ranks: Int = 1, in directory: TemporaryDirectory,
  environment: [String: String?] = [:]
) throws -> ProcessRun {
  let arguments = line.split(separator: " ").map(String.init)
  return ranks == 1
    ? try runAlone("lockstep", arguments, environment: environment, in: directory.path)
    : try mpirun(ranks: ranks, "lockstep", arguments, in: directory.path)
}

/// Expects that `process` has ended well and returns its standard output.
@discardableResult
func succeeded(
  _ process: ProcessRun, at location: SourceLocation = #_sourceLocation
) throws -> String {
  try #require(process.status == 0, "\(process.errors)", sourceLocation: location)
  return process.output
}

/// Expects that `process` has ended with `status`, having said why in one line that contains
/// `cause`, and nothing else on standard output.
func expectFailure(
  _ process: ProcessRun, _ status: Int32, _ cause: String,
  at location: SourceLocation = #_sourceLocation
) {
  #expect(process.status == status, "\(process.errors)", sourceLocation: location)
  #expect(process.output == "", sourceLocation: location)
  let lines = process.errors.filter { $0.lowercased().contains("error: ") }
  #expect(lines.count == 1, "\(process.errors)", sourceLocation: location)
  #expect(lines.first?.hasPrefix("error: ") == true, "\(lines)", sourceLocation: location)
  #expect(lines.first?.contains(cause) == true, "\(lines)", sourceLocation: location)
}
