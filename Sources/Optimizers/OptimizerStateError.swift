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

extension OptimizerStateError {
  /// Throws unless `state`, which is to become that of `owner`, has the keys of `own`, and values of
  /// which `mismatch` says nothing.
  static func requireFit(
    _ state: [String: Double], of owner: String, like own: [String: Double],
    _ mismatch: (_ key: String, _ value: Double) -> String?
  ) throws(OptimizerStateError) {
    let keys = own.keys.sorted()
    let missing = keys.filter { state[$0] == nil }
    let unexpected = state.keys.filter { own[$0] == nil }.sorted()
    let mismatched = keys.compactMap { key in state[key].flatMap { mismatch(key, $0) } }
    guard missing.isEmpty, unexpected.isEmpty, mismatched.isEmpty else {
      throw .misfit(
        optimizer: owner, missing: missing, unexpected: unexpected, mismatched: mismatched)
    }
  }
}
