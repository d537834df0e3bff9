import Support

/// What a line of `metrics.jsonl` says under one name.
public enum MetricValue: Hashable, Sendable {
  /// A whole number.
  case integer(Int)
  /// A number; null in the file where it is not finite.
  case number(Double)
  /// A number of 32 bits, written with as many digits as that has.
  case float(Float)
  /// A word, such as which samples were evaluated.
  case text(String)

  /// The number `value`, with as many digits as it has.
  public static func number(_ value: Float) -> MetricValue { .float(value) }

  var json: JSONObject.Value {
    switch self {
    case .integer(let value): .integer(value)
    case .number(let value): .number(value)
    case .float(let value): .float(value)
    case .text(let value): .text(value)
    }
  }
}

/// The members of a line, in order; those whose value is nil are left out.
public typealias Metrics = KeyValuePairs<String, MetricValue?>
