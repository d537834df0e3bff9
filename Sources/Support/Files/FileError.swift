public import Diagnostics
import Glibc

/// A file could not be opened, read, created or written.
public struct FileError: ReportableError, Equatable {
  /// What was being done with the file.
  public enum Action: String, Sendable {
    /// Opening it for reading; exit code 66.
    case open
    /// Reading it; exit code 74.
    case read
    /// Creating it, or giving it its name; exit code 73.
    case create
    /// Writing to it, for example on a full disk; exit code 74.
    case write
  }

  /// What was being done.
  public let action: Action
  /// The file, as the program named it.
  public let path: String
  /// Why it failed, and what is needed.
  public let reason: String
  /// Whether there is no such file.
  package let isMissing: Bool

  package init(
    _ action: Action, _ path: String, reason: String, isMissing: Bool = false
  ) {
    self.action = action
    self.path = path
    self.reason = reason
    self.isMissing = isMissing
  }

  /// The failure that the last system call left in `errno`.
  package init(_ action: Action, _ path: String, note: String = "") {
    let code = errno
    self.init(
      action, path, reason: Support.reason(of: code) + note, isMissing: code == ENOENT)
  }

  /// `cannot write run/model.safetensors: No space left on device; it needs 40960 bytes`.
  public var description: String { "cannot \(action) \(path): \(reason)" }

  /// The status that belongs to `action`.
  public var exitCode: ExitCode {
    switch action {
    case .open: .missingInput
    case .create: .cannotCreate
    case .read, .write: .inputOutput
    }
  }
}

/// What the system says of an error: "No space left on device".
package func reason(of code: Int32) -> String { String(cString: strerror(code)) }
