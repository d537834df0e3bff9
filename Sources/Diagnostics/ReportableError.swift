/// A failure of the world (file, header, label, flag, disk, host) whose description is fit to
/// print.
///
/// The description is one sentence that says what was wrong, where, what was expected, and what to
/// do.
public protocol ReportableError: Error, CustomStringConvertible {
  /// The status that a program ends with when nothing handles the error.
  var exitCode: ExitCode { get }
}

extension Error {
  /// The sentence to print for this error.
  public var report: String {
    (self as? any ReportableError)?.description ?? String(describing: self)
  }

  /// The status that a program ends with when nothing handles this error.
  public var reportedExitCode: ExitCode {
    (self as? any ReportableError)?.exitCode ?? .internalError
  }
}
