/// Reads JSON piece by piece, each piece being of the one kind that is expected there.
///
/// It has no notion of an arbitrary value. Nothing can nest deeper than its caller goes, so a
/// hostile header cannot exhaust the stack.
///
/// By hand: `JSONDecoder` takes a key that comes twice, and does not say at which byte it stopped.
package struct JSONReader {
  /// Integers are at most this; small enough that reading one more digit cannot overflow.
  static let maximumInteger = 1 << 48

  private let bytes: [UInt8]
  private(set) var position = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Reads an object, calling `read` at the value of every member; no key may come twice.
  package mutating func readMembers(
    of owner: String, _ read: (inout JSONReader, String) throws(HeaderProblem) -> Void
  ) throws(HeaderProblem) {
    var keys: Set<String> = []
    guard skip("{") else { throw expected("'{' to begin \(owner)") }
    if skip("}") { return }
    repeat {
      let key = try readString("a key in quotes")
      guard keys.insert(key).inserted else {
        throw HeaderProblem("\(owner) has \(quoted(key)) twice")
      }
      guard skip(":") else { throw expected("':' after \(quoted(key))") }
      try read(&self, key)
    } while skip(",")
    guard skip("}") else { throw expected("',' or '}' in \(owner)") }
  }

  /// Reads an array of at most `limit` non-negative integers.
  package mutating func readIntegers(atMost limit: Int) throws(HeaderProblem) -> [Int] {
    var values: [Int] = []
    guard skip("[") else { throw expected("'[' to begin a list of integers") }
    if skip("]") { return values }
    repeat {
      guard values.count < limit else {
        throw HeaderProblem("a list of integers is longer than \(limit) at byte \(position)")
      }
      values.append(try readInteger())
    } while skip(",")
    guard skip("]") else { throw expected("',' or ']' in a list of integers") }
    return values
  }

  /// An integer from 0 to `maximumInteger`.
  package mutating func readInteger() throws(HeaderProblem) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while let byte = peek, case let digit = byte &- UInt8(ascii: "0"), digit < 10 {
      guard position == start || value > 0 else { throw expected("a number without leading zeros") }
      value = value * 10 + Int(digit)
      guard value <= Self.maximumInteger else {
        throw HeaderProblem("the integer at byte \(start) is beyond 2^48")
      }
      position += 1
    }
    guard position > start else { throw expected("a non-negative integer") }
    return value
  }

  /// A string; `what` says which, for the error.
  package mutating func readString(_ what: String) throws(HeaderProblem) -> String {
    guard skip("\"") else { throw expected(what) }
    let start = position
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      position += 1
    }
    // Few strings have an escape, and the others need no copy.
    if peek == UInt8(ascii: "\"") {
      position += 1
      return try text(bytes[start..<position - 1], from: start)
    }
    var text = Array(bytes[start..<position])
    while let byte = peek, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw expected("no control character in a string") }
      position += 1
      if byte == UInt8(ascii: "\\") {
        text += try readEscape()
      } else {
        text.append(byte)
      }
    }
    guard peek != nil else { throw expected("'\"' to end the string from byte \(start)") }
    position += 1
    return try self.text(text[...], from: start)
  }

  private func text(
    _ bytes: ArraySlice<UInt8>, from start: Int
  ) throws(HeaderProblem) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw HeaderProblem("the string from byte \(start) is not UTF-8")
    }
    return text
  }

  /// The UTF-8 bytes of the character whose escape follows the backslash just read.
  private mutating func readEscape() throws(HeaderProblem) -> [UInt8] {
    guard let byte = peek else { throw expected("an escaped character") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return try readEscapedScalar()
    default: throw HeaderProblem("unknown escape before byte \(position)")
    }
  }

  /// The four digits after `\u`, and the second half if it is the first of a surrogate pair.
  private mutating func readEscapedScalar() throws(HeaderProblem) -> [UInt8] {
    var code = try readHexadecimal()
    if 0xD800..<0xDC00 ~= code, bytes[position...].starts(with: [UInt8]("\\u".utf8)) {
      position += 2
      let low = try readHexadecimal()
      guard 0xDC00..<0xE000 ~= low else { throw loneSurrogate }
      code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw loneSurrogate }
    return Array(String(scalar).utf8)
  }

  private var loneSurrogate: HeaderProblem {
    HeaderProblem("half a surrogate pair stands before byte \(position)")
  }

  private mutating func readHexadecimal() throws(HeaderProblem) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw expected("four hexadecimal digits")
      }
      value = value << 4 + UInt32(digit)
      position += 1
    }
    return value
  }

  /// Passes white space, after which the header must end.
  package mutating func readEnd() throws(HeaderProblem) {
    skipSpace()
    guard peek == nil else { throw expected("the end") }
  }

  var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  /// The bytes that were passed since `start`.
  func slice(from start: Int) -> ArraySlice<UInt8> { bytes[start..<position] }

  /// Passes the byte that comes next.
  mutating func advance() { position += 1 }

  /// Passes white space, and then `character` if it comes next.
  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  func expected(_ what: String) -> HeaderProblem {
    let found = peek.map { quoted(String(Unicode.Scalar($0))) } ?? "the end"
    return HeaderProblem("expected \(what) at byte \(position), found \(found)")
  }
}
