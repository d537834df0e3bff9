public import Diagnostics

/// A saved state does not fit the optimiser or schedule that is to go on from it.
public enum OptimizerStateError: ReportableError, Equatable {
  /// It is of another optimiser.
  case otherOptimizer(expected: String, found: String)
  /// It is of other parameters: `missing` and `unexpected` are keys, `mismatched` sentences about
  /// those of another shape, type or range.
  case misfit(optimizer: String, missing: [String], unexpected: [String], mismatched: [String])

  /// One sentence that says what was expected and found.
  public var description: String {
    switch self {
    case .otherOptimizer(let expected, let found):
      "the state is of \(printable(found)), but \(expected) is to go on from it; "
        + "make the optimiser that it was saved by"
    case .misfit(let optimizer, let missing, let unexpected, let mismatched):
      "the state does not fit this \(optimizer): "
        + Diagnostics.misfit(missing: missing, unexpected: unexpected, mismatched: mismatched)
    }
  }

  /// ``ExitCode/badData``, status 65.
  public var exitCode: ExitCode { .badData }
}
