import Support

extension JSONReader {
  /// The text of the value that comes next, whatever kind it has; nested at most `depth` deep.
  package mutating func readText(depth: Int = 32) throws(HeaderProblem) -> ArraySlice<UInt8> {
    skipSpace()
    let start = position
    try skipValue(depth)
    return slice(from: start)
  }

  private mutating func skipValue(_ depth: Int) throws(HeaderProblem) {
    guard depth > 0 else { throw HeaderProblem("values are nested too deep at byte \(position)") }
    if isAtObject() {
      try readMembers(of: "an object") { (reader, _) throws(HeaderProblem) in
        try reader.skipValue(depth - 1)
      }
    } else if isAtList() {
      _ = try readList(of: "values") { (reader) throws(HeaderProblem) in
        try reader.skipValue(depth - 1)
      }
    } else {
      _ = try readScalar()
    }
  }
}
