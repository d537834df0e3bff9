import Elements
public import TensorCore
public import Testing

/// How far a value may lie from the expected one: `absolute + relative * |expected|`.
public struct Tolerance: Sendable {
  /// The part that grows with the expected value.
  public var relative: Double
  /// The part that does not.
  public var absolute: Double

  /// A tolerance of `absolute + relative * |expected|`.
  public init(relative: Double, absolute: Double) {
    self.relative = relative
    self.absolute = absolute
  }

  /// 1e-5 · (1 + |expected|), what `Docs/testing.md` holds Float32 results to.
  public static let float32 = Tolerance(relative: 1e-5, absolute: 1e-5)
  /// 1e-3 · (1 + |expected|): a result that was rounded to Float16, twice at most.
  public static let float16 = Tolerance(relative: 1e-3, absolute: 1e-3)
  /// 1e-5 · |expected|: for results that are precise near 0, too.
  public static let relative = Tolerance(relative: 1e-5, absolute: 0)
  /// Equal values; zeros of either sign are equal.
  public static let exact = Tolerance(relative: 0, absolute: 0)

  /// 1e-6 · √terms · (1 + |expected|), for sums of `terms` products.
  public static func sum(of terms: Int) -> Tolerance {
    let size = 1e-6 * Double(max(1, terms)).squareRoot()
    return Tolerance(relative: size, absolute: size)
  }
}

/// What is wrong with `actual`, worst index first, or nil where every value is within `tolerance`.
///
/// A NaN is close to a NaN only, an infinity to the same infinity only.
public func difference(
  _ actual: [Double], _ expected: [Double], _ tolerance: Tolerance = .float32
) -> String? {
  guard actual.count == expected.count else {
    return "\(actual.count) values instead of \(expected.count)"
  }
  let excesses = zip(actual, expected).map { excess($0, $1, tolerance) }
  guard let worst = excesses.indices.max(by: { excesses[$0] < excesses[$1] }), excesses[worst] > 1
  else { return nil }
  let wrong = excesses.count { $0 > 1 }
  return """
    at \(worst): \(actual[worst]) instead of \(expected[worst]), \
    \(excesses[worst]) times the tolerance; \(wrong) of \(actual.count) values are wrong
    """
}

/// The error in units of what is tolerated.
private func excess(_ actual: Double, _ expected: Double, _ tolerance: Tolerance) -> Double {
  if actual == expected || (actual.isNaN && expected.isNaN) { return 0 }
  guard actual.isFinite, expected.isFinite else { return .infinity }
  let bound = tolerance.absolute + tolerance.relative * abs(expected)
  return bound == 0 ? .infinity : abs(actual - expected) / bound
}

/// Records an issue unless the numbers are within `tolerance` of each other.
public func expectClose(
  _ actual: [Float], to expected: [Double], within tolerance: Tolerance = .float32,
  _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  if let wrong = difference(actual.map(Double.init), expected, tolerance) {
    Issue.record("\(what) \(wrong)", sourceLocation: sourceLocation)
  }
}

/// Records an issue unless shape and type are equal and the values within `tolerance`; integers
/// must be equal.
public func expectClose(
  _ actual: Tensor, to expected: Tensor, within tolerance: Tolerance = .float32,
  _ what: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.shape == expected.shape, actual.dtype == expected.dtype else {
    Issue.record(
      """
      \(what): \(actual.dtype) of shape \(actual.shape) instead of \(expected.dtype) of shape \
      \(expected.shape)
      """, sourceLocation: sourceLocation)
    return
  }
  if actual.dtype.isFloatingPoint {
    expectClose(
      actual.floats, to: expected.floats.map(Double.init),
      within: actual.dtype == .float16 ? .float16 : tolerance, what,
      sourceLocation: sourceLocation)
  } else if actual.array(of: Int64.self) != expected.array(of: Int64.self) {
    Issue.record("\(what): \(actual) instead of \(expected)", sourceLocation: sourceLocation)
  }
}

/// Records an issue unless a process that was to stop wrote `sentence` to standard error.
public func expectMessage(
  _ sentence: String, of result: ExitTest.Result?,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
  if !text.contains(sentence) {
    Issue.record("said “\(text)” instead of “\(sentence)”", sourceLocation: sourceLocation)
  }
}
