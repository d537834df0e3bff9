public import Diagnostics

/// Why a run cannot use its directory.
public enum RunDirectoryError: ReportableError, Equatable {
  /// It holds `file` of another run.
  case occupied(String, by: String, hasCheckpoint: Bool)
  /// Another process writes to it.
  case inUse(String, by: String?)
  /// There is nothing to go on from.
  case nothingToResume(String)
  /// None of its checkpoints is sound; `problems` says why, newest first.
  case noneIsSound(String, problems: [String])

  /// One sentence that says what to do.
  public var description: String {
    switch self {
    case .occupied(let path, let name, let hasCheckpoint):
      "\(path) holds \(name) of another run; choose another directory or move it away"
        + (hasCheckpoint ? ", or resume that run" : "")
    case .inUse(let path, let owner):
      "\(path) is in use by \(owner.map { printable($0) } ?? "another process"); wait for its end, or choose "
        + "another directory"
    case .nothingToResume(let path):
      "\(path) has no checkpoint to go on from; check the path, or begin a new run"
    case .noneIsSound(let path, let problems):
      "no checkpoint in \(path) is sound: \(beginning(of: problems) { $0 }); restore one from a copy, "
        + "or begin a new run elsewhere"
    }
  }

  /// 73, 66 or 65.
  public var exitCode: ExitCode {
    switch self {
    case .occupied, .inUse: .cannotCreate
    case .nothingToResume: .missingInput
    case .noneIsSound: .badData
    }
  }
}
