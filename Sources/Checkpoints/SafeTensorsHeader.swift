import Support

/// What is wrong with a header, and with which tensor if with one.
package struct HeaderProblem: Error, Equatable {
  package let tensor: String?
  package let problem: String

  package init(tensor: String? = nil, _ problem: String) {
    self.tensor = tensor
    self.problem = problem
  }
}

/// A tensor as a header describes it.
package struct TensorEntry {
  package let name: String
  package let type: StoredType
  package let shape: [Int]
  /// Where its bytes lie, counted from the end of the header.
  package let data: Range<Int>

  /// The bytes that `shape` and `type` ask for.
  func expectedByteCount() throws(HeaderProblem) -> Int {
    // A size of 0 counts as 1: the other sizes become strides, which must not overflow either.
    var bits = type.bits
    for size in shape {
      let (product, overflow) = bits.multipliedReportingOverflow(by: max(size, 1))
      guard !overflow else { throw HeaderProblem(tensor: name, "shape \(shape) is too large") }
      bits = product
    }
    if shape.contains(0) { return 0 }
    guard bits.isMultiple(of: 8) else {
      throw HeaderProblem(
        tensor: name, "shape \(shape) of \(type.rawValue) does not fill whole bytes")
    }
    return bits / 8
  }
}

/// The header of a safetensors file.
package struct SafeTensorsHeader {
  /// Bytes of the longest header, as in the reference implementation.
  static let maximumLength = 100_000_000
  /// The key of the metadata.
  static let metadataKey = "__metadata__"

  /// The tensors in the order in which their data lie.
  package let entries: [TensorEntry]
  package let metadata: [String: String]

  /// Reads `json`, the header of a file that holds `dataByteCount` bytes after it.
  ///
  /// The data must lie one after the other, from the first byte to the last, without a hole or an
  /// overlap.
  package init(parsing json: [UInt8], dataByteCount: Int) throws(HeaderProblem) {
    let header = try HeaderParser.parse(json)
    metadata = header.metadata
    entries = Self.inOrder(header.entries)
    var end = 0
    for entry in entries {
      guard entry.data.lowerBound == end else {
        throw HeaderProblem(
          tensor: entry.name,
          "its data start at byte \(entry.data.lowerBound), but the data before end at \(end)")
      }
      let expected = try entry.expectedByteCount()
      guard entry.data.count == expected else {
        throw HeaderProblem(
          tensor: entry.name,
          "its data_offsets hold \(entry.data.count) bytes, but shape \(entry.shape) of "
            + "\(entry.type.rawValue) needs \(expected)")
      }
      end = entry.data.upperBound
    }
    guard end == dataByteCount else {
      throw HeaderProblem(
        "its tensors need \(end) bytes after the header, but \(dataByteCount) follow")
    }
  }
}

extension SafeTensorsHeader {
  /// `entries` in the order of their data; the place in the header decides among empty tensors.
  private static func inOrder(_ entries: [TensorEntry]) -> [TensorEntry] {
    func place(_ entry: TensorEntry) -> (Int, Int) {
      (entry.data.lowerBound, entry.data.upperBound)
    }
    if zip(entries, entries.dropFirst()).allSatisfy({ place($0) <= place($1) }) { return entries }
    let places = entries.map(place)
    return entries.indices.sorted {
      (places[$0].0, places[$0].1, $0) < (places[$1].0, places[$1].1, $1)
    }.map { entries[$0] }
  }
}

// MARK: - Writing

extension SafeTensorsHeader {
  /// The length, the JSON, and spaces up to a multiple of 8, byte for byte as the reference
  /// implementation writes them (but with the metadata in order, where that leaves them to chance).
  static func encode(_ entries: [TensorEntry], _ metadata: [String: String]) -> [UInt8] {
    var members: [(key: String, value: JSONObject.Value?)] = entries.map { entry in
      let data = [entry.data.lowerBound, entry.data.upperBound]
      return (
        entry.name,
        .object(
          JSONObject([
            "dtype": .text(entry.type.rawValue), "shape": .integers(entry.shape),
            "data_offsets": .integers(data),
          ]))
      )
    }
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      let object = JSONObject(pairs.map { ($0.key, .text($0.value)) })
      members.insert((metadataKey, .object(object)), at: 0)
    }
    var text = Array(JSONObject(members).description.utf8)
    text += Array(repeating: UInt8(ascii: " "), count: -text.count & 7)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
  }
}
