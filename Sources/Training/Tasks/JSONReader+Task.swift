import Lockstep

extension JSONReader {
  /// A list of names, none of which comes twice.
  mutating func readNames(_ what: String) throws(HeaderProblem) -> [String] {
    let names = try readList(of: what) { (reader) throws(HeaderProblem) in
      try reader.readString("a name")
    }
    guard Set(names).count == names.count else {
      throw HeaderProblem("the list of \(what) has a name twice")
    }
    return names
  }

  mutating func readNumbers(_ what: String) throws(HeaderProblem) -> [Double] {
    try readList(of: what) { (reader) throws(HeaderProblem) in try reader.readDouble() }
  }

  /// What `hexadecimal` has written.
  mutating func readDigest() throws(HeaderProblem) -> UInt64 {
    let text = try readString("a digest")
    guard let digest = UInt64(text, radix: 16) else {
      throw HeaderProblem("a digest is not a number in base 16")
    }
    return digest
  }
}

func unknownMember(_ key: String, of owner: String) -> HeaderProblem {
  HeaderProblem(
    "\(owner) has a member '\(printable(key, limit: 40))', which this version does not know")
}

func missing(_ what: String, of owner: String) -> HeaderProblem {
  HeaderProblem("\(owner) must have \(what)")
}
