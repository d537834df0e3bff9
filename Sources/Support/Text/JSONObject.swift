/// JSON as it is written: one line, with the keys in the order given.
package struct JSONObject: CustomStringConvertible {
  package enum Value {
    case flag(Bool)
    case text(String)
    case integer(Int)
    case number(Double)
    case float(Float)
    /// A number or a word of JSON, as it is to be written.
    case written(String)
    case list([Value])
    case object(JSONObject)
  }

  /// The line, without a line feed.
  package private(set) var description = ""

  /// Members whose value is nil are left out.
  package init(_ members: KeyValuePairs<String, Value?>) { self.init(members.map { ($0, $1) }) }

  /// Members whose value is nil are left out.
  package init(_ members: [(key: String, value: Value?)]) {
    let texts = members.compactMap { key, value in
      value.map { "\(Self.quoted(key)):\(Self.text($0))" }
    }
    description = "{" + texts.joined(separator: ",") + "}"
  }

  private static func text(_ value: Value) -> String {
    switch value {
    case .flag(let flag): flag ? "true" : "false"
    case .text(let text): quoted(text)
    case .integer(let integer): String(integer)
    // JSON has no NaN and no infinity.
    case .number(let number): number.isFinite ? "\(number)" : "null"
    case .float(let number): number.isFinite ? "\(number)" : "null"
    case .written(let text): text
    case .list(let values): "[" + values.map(text).joined(separator: ",") + "]"
    case .object(let object): object.description
    }
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.unicodeScalars.map(escaped).joined() + "\""
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"", "\\": "\\\(scalar)"
    case "\u{08}": "\\b"
    case "\u{0C}": "\\f"
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    case "\0"..<" ": "\\u" + hexadecimal(scalar.value, digits: 4)
    default: String(scalar)
    }
  }
}

extension JSONObject.Value {
  package static func texts(_ texts: some Sequence<String>) -> Self {
    .list(texts.map { .text($0) })
  }
  package static func numbers(_ numbers: [Double]) -> Self { .list(numbers.map { .number($0) }) }
  package static func integers(_ integers: some Sequence<Int>) -> Self {
    .list(integers.map { .integer($0) })
  }
}
