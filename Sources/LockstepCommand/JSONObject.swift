/// One line of JSON with the keys in the order given.
struct JSONObject: CustomStringConvertible {
  enum Value {
    case text(String)
    case integer(Int)
    case number(Double)
    case float(Float)
  }

  private(set) var description = ""

  init(_ members: KeyValuePairs<String, Value?>) {
    let texts = members.compactMap { key, value in
      value.map { "\"\(key)\":\(Self.text($0))" }
    }
    description = "{" + texts.joined(separator: ",") + "}"
  }

  private static func text(_ value: Value) -> String {
    switch value {
    case .text(let text): "\"" + text.unicodeScalars.map(escaped).joined() + "\""
    case .integer(let integer): String(integer)
    // JSON has no NaN and no infinity.
    case .number(let number): number.isFinite ? "\(number)" : "null"
    case .float(let number): number.isFinite ? "\(number)" : "null"
    }
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"", "\\": return "\\\(scalar)"
    case "\n": return "\\n"
    case "\u{0}"..."\u{1f}":
      let digits = String(scalar.value, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: return String(scalar)
    }
  }
}
