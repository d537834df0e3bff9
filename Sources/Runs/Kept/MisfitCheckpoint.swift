import Diagnostics

/// A checkpoint is sound, but of another program or other data than those that are to go on from it.
struct MisfitCheckpoint: ReportableError {
  let description: String
  var exitCode: ExitCode { .badData }

  init(_ path: String, _ problem: String) {
    description = "\(path): \(problem); go on with the program that wrote it, or begin a new run"
  }
}
