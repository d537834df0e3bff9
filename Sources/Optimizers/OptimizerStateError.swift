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
      "the state is of \(Self.printable(found)), but \(expected) is to go on from it; "
        + "make the optimiser that it was saved by"
    case .misfit(let optimizer, let missing, let unexpected, let mismatched):
      "the state does not fit this \(optimizer): "
        + [
          Self.list("missing", missing), Self.list("unexpected", unexpected),
          Self.list("mismatched", mismatched),
        ].compactMap { $0 }.joined(separator: "; ")
    }
  }

  /// 65.
  public var exitCode: ExitCode { .badData }

  /// A key may come from a file: nothing in it is to reach a terminal or log as a command.
  private static func printable(_ text: String) -> String {
    text.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
  }

  private static func list(_ title: String, _ items: [String]) -> String? {
    let shown = 10
    guard !items.isEmpty else { return nil }
    let rest = items.count > shown ? ", and \(items.count - shown) more" : ""
    return "\(title): " + items.prefix(shown).map(printable).joined(separator: ", ") + rest
  }
}
