/// The records of a CSV file (RFC 4180), one after the other.
///
/// Lines end in LF or CR LF, a byte-order mark at the start is skipped, and so are empty lines. A
/// field may be enclosed in quotation marks, which are doubled inside; it may then hold commas and
/// line ends.
///
/// By hand: packages such as SwiftCSV forgive what is malformed, and do not say in which line it is.
struct CSVReader {
  /// The line that the latest record begins on, counted from 1.
  private(set) var line = 0

  private let name: String
  private let bytes: [UInt8]
  private var position: Int
  private var nextLine = 1

  /// The most columns of a table.
  private static let maximumFieldCount = 1 << 18

  private static let comma = UInt8(ascii: ",")
  private static let quote = UInt8(ascii: "\"")
  private static let carriageReturn = UInt8(ascii: "\r")
  private static let lineFeed = UInt8(ascii: "\n")

  /// Reads the content `bytes` of the file `name`. Throws unless it is UTF-8.
  init(_ bytes: [UInt8], name: String) throws(DataError) {
    if let line = lineThatIsNotUTF8(bytes) {
      throw .unusable(
        file: name, line: line, problem: "it is not text in UTF-8", advice: "convert the file")
    }
    self.name = name
    self.bytes = bytes
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The fields of the next record, or nil at the end.
  mutating func next() throws(DataError) -> [ArraySlice<UInt8>]? {
    while position < bytes.count {
      line = nextLine
      if try skipLineEnd() { continue }
      var fields = [try field()]
      while position < bytes.count, try !skipLineEnd() {
        guard fields.count < Self.maximumFieldCount else {
          throw .unusable(
            file: name, line: line,
            problem: "it has more than \(Self.maximumFieldCount) fields",
            advice: "use a table of fewer columns")
        }
        position += 1  // a comma: nothing else ends a field within a line
        fields.append(try field())
      }
      return fields
    }
    return nil
  }

  /// Goes past the end of a line, if one is next.
  private mutating func skipLineEnd() throws(DataError) -> Bool {
    switch bytes[position] {
    case Self.lineFeed: position += 1
    case Self.carriageReturn:
      guard position + 1 < bytes.count, bytes[position + 1] == Self.lineFeed else {
        throw malformed("a carriage return is not followed by a line feed")
      }
      position += 2
    default: return false
    }
    nextLine += 1
    return true
  }

  /// The field that begins at `position`, up to the comma or line end after it.
  private mutating func field() throws(DataError) -> ArraySlice<UInt8> {
    if position < bytes.count, bytes[position] == Self.quote { return try quotedField() }
    let start = position
    while position < bytes.count, !endsField(bytes[position]) {
      if bytes[position] == Self.quote {
        throw malformed("there is a quotation mark within field \(quoted(bytes[start..<position]))")
      }
      position += 1
    }
    return bytes[start..<position]
  }

  private mutating func quotedField() throws(DataError) -> ArraySlice<UInt8> {
    let start = nextLine
    var content: [UInt8] = []
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      guard byte == Self.quote else {
        if byte == Self.lineFeed { nextLine += 1 }
        content.append(byte)
        continue
      }
      if position == bytes.count || endsField(bytes[position]) { return content[...] }
      guard bytes[position] == Self.quote else {
        throw malformed("text follows the closing quotation mark of field \(quoted(content))")
      }
      content.append(byte)
      position += 1
    }
    throw .unusable(
      file: name, line: start, problem: "a quotation mark is opened here and never closed",
      advice: Self.advice)
  }

  private func endsField(_ byte: UInt8) -> Bool {
    byte == Self.comma || byte == Self.lineFeed || byte == Self.carriageReturn
  }

  private func malformed(_ problem: String) -> DataError {
    .unusable(file: name, line: nextLine, problem: problem, advice: Self.advice)
  }

  static let advice = "correct the file"
}
