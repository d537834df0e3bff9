import Diagnostics
import Support

/// Text from a file between quotation marks, fit for one line of a message: cut after 40
/// characters, and with control characters written as their numbers.
func quoted(_ bytes: some Collection<UInt8>) -> String {
  "'\(printable(String(decoding: bytes.prefix(200), as: UTF8.self), limit: 40))'"
}

/// A character and its number: `'é' (U+00E9)`.
func name(of character: Unicode.Scalar) -> String {
  "\(quoted(Array(String(character).utf8))) (U+\(hexadecimal(character.value, digits: 4)))"
}

/// Names from a file, each in quotation marks, fit for one line of a message: of a long list the
/// beginning.
func quotedList(_ names: [String]) -> String {
  beginning(of: names) { quoted($0.utf8) }
}

/// The 1-based number of the line of `bytes` that is not UTF-8, or nil where all of them are.
func lineThatIsNotUTF8(_ bytes: [UInt8]) -> Int? {
  do {
    _ = try UTF8Span(validating: bytes.span)
    return nil
  } catch {
    return 1 + bytes[..<error.byteOffsets.lowerBound].count { $0 == UInt8(ascii: "\n") }
  }
}
