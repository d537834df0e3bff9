/// A failure of the world (file, header, label, flag, disk, host) whose description is fit to
/// print.
///
/// The description is one sentence that says what was wrong, where, what was expected, and what to
/// do.
public protocol ReportableError: Error, CustomStringConvertible {
  /// The status that a program ends with when nothing handles the error.
  var exitCode: ExitCode { get }
}

/// An end that all ranks come to at the same moment, by agreement, and that is no failure: a signal asked
/// for it, say.
///
/// Where it leaves the body of `withCommunicator`, rank 0 prints its description as it is, and every
/// rank ends with its status, after leaving MPI in good order.
public protocol AgreedEnd: ReportableError {}

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
