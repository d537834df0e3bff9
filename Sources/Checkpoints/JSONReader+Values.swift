/// A value that is no list and no object.
package enum JSONScalar: Equatable {
  case null
  case flag(Bool)
  /// As it is written: to read it as a number of some type may round it.
  case number(String)
  case text(String)
}

extension JSONReader {
  /// A string, a number, `true`, `false` or `null`.
  package mutating func readScalar() throws(HeaderProblem) -> JSONScalar {
    skipSpace()
    switch peek {
    case UInt8(ascii: "\""): return .text(try readString("a string"))
    case UInt8(ascii: "n"):
      try readWord("null")
      return .null
    case UInt8(ascii: "t"):
      try readWord("true")
      return .flag(true)
    case UInt8(ascii: "f"):
      try readWord("false")
      return .flag(false)
    default: return .number(try readNumber())
    }
  }

  /// Whether an object comes next.
  package mutating func isAtObject() -> Bool {
    skipSpace()
    return peek == UInt8(ascii: "{")
  }

  /// Whether a list comes next.
  package mutating func isAtList() -> Bool {
    skipSpace()
    return peek == UInt8(ascii: "[")
  }

  /// Whether `null` came next, which is then passed.
  mutating func skipNull() throws(HeaderProblem) -> Bool {
    skipSpace()
    guard peek == UInt8(ascii: "n") else { return false }
    try readWord("null")
    return true
  }

  /// A number that is finite in 64 bits.
  package mutating func readDouble() throws(HeaderProblem) -> Double {
    skipSpace()
    let start = position
    guard let value = Double(try readNumber()), value.isFinite else {
      throw HeaderProblem("the number at byte \(start) is beyond the range of 64 bits")
    }
    return value
  }

  /// An array of what `read` reads.
  package mutating func readList<Value>(
    of what: String, _ read: (inout JSONReader) throws(HeaderProblem) -> Value
  ) throws(HeaderProblem) -> [Value] {
    var values: [Value] = []
    guard skip("[") else { throw expected("'[' to begin a list of \(what)") }
    if skip("]") { return values }
    repeat { values.append(try read(&self)) } while skip(",")
    guard skip("]") else { throw expected("',' or ']' in a list of \(what)") }
    return values
  }

  /// The text of a number, in the grammar of JSON.
  private mutating func readNumber() throws(HeaderProblem) -> String {
    skipSpace()
    let start = position
    _ = pass("-")
    if !pass("0") { try passDigits() }
    if pass(".") { try passDigits() }
    if pass("e") || pass("E") {
      _ = pass("+") || pass("-")
      try passDigits()
    }
    guard position - start <= Self.longestNumber else {
      throw HeaderProblem(
        "the number at byte \(start) has more than \(Self.longestNumber) characters")
    }
    return String(decoding: slice(from: start), as: UTF8.self)
  }

  /// Characters of the longest number: no type has so many digits.
  private static let longestNumber = 1000

  private mutating func passDigits() throws(HeaderProblem) {
    let start = position
    while let byte = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { advance() }
    guard position > start else { throw expected("a digit") }
  }

  /// Passes `character` if it comes next.
  private mutating func pass(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    advance()
    return true
  }

  private mutating func readWord(_ word: String) throws(HeaderProblem) {
    for byte in word.utf8 {
      guard peek == byte else { throw expected("'\(word)'") }
      advance()
    }
  }
}
