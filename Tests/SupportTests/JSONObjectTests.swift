import Foundation
import Support
import Testing

/// JSON as it is written, and as Foundation reads it.
@Suite struct JSONObjectTests {
  @Test func membersKeepTheirOrder() {
    let object = JSONObject([
      "z": .integer(-1), "a": .flag(true), "list": .texts(["x", "y"]), "none": nil,
      "inner": .object(JSONObject(["n": .numbers([0.1, 1e300])])), "word": .written("null"),
    ])
    #expect(
      object.description
        == #"{"z":-1,"a":true,"list":["x","y"],"inner":{"n":[0.1,1e+300]},"word":null}"#)
    #expect(JSONObject([:]).description == "{}")
  }

  /// Digits of the type, and nothing that JSON does not have.
  @Test func numbersAreThoseOfTheirType() {
    let object = JSONObject([
      "float": .float(0.1), "double": .number(Double(Float(0.1))), "nan": .number(.nan),
      "infinite": .float(-.infinity),
    ])
    #expect(
      object.description
        == #"{"float":0.1,"double":0.10000000149011612,"nan":null,"infinite":null}"#)
  }

  @Test func textsAreQuoted() {
    let text = "\"\\/\u{8}\u{C}\n\r\t\u{1F}\u{7F}é"
    #expect(
      JSONObject(["t": .text(text)]).description
        == #"{"t":"\"\\/\b\f\n\r\t\u001f"# + "\u{7F}é\"}")
  }

  @Test func everyCharacterComesBack() throws {
    let characters = (0..<0x250).compactMap { Unicode.Scalar($0 as UInt32) } + ["\u{2028}", "🧮"]
    let text = String(String.UnicodeScalarView(characters))
    let json = JSONObject([text: .text(text)]).description
    #expect(try JSONDecoder().decode([String: String].self, from: Data(json.utf8)) == [text: text])
  }
}
