/// Reads the header of a safetensors file; a pure function of bytes.
///
/// Stricter than the reference implementation, which ignores unknown fields and keeps the last of
/// two equal keys, so that two readers can see two different files.
package enum HeaderParser {
  /// Dimensions of a tensor; other tools stop at 64 too.
  static let maximumRank = 64
  /// Bytes of a tensor's name.
  static let maximumNameLength = 4096

  /// The entries in the order of the header, and the metadata.
  package static func parse(
    _ bytes: [UInt8]
  ) throws(HeaderProblem) -> (entries: [TensorEntry], metadata: [String: String]) {
    var entries: [TensorEntry] = []
    var metadata: [String: String] = [:]
    var reader = JSONReader(bytes)
    try reader.readMembers(of: "the header") { (reader, name) throws(HeaderProblem) in
      if name == SafeTensorsHeader.metadataKey {
        metadata = try readMetadata(&reader)
      } else {
        entries.append(try readEntry(name, &reader))
      }
    }
    try reader.readEnd()
    return (entries, metadata)
  }

  private static func readMetadata(
    _ reader: inout JSONReader
  ) throws(HeaderProblem) -> [String: String] {
    var metadata: [String: String] = [:]
    // None, as the reference implementation reads it.
    if try reader.skipNull() { return metadata }
    try reader.readMembers(of: "the metadata") { (reader, key) throws(HeaderProblem) in
      metadata[key] = try reader.readString("a string")
    }
    return metadata
  }

  private static func readEntry(
    _ name: String, _ reader: inout JSONReader
  ) throws(HeaderProblem) -> TensorEntry {
    guard name.utf8.count <= maximumNameLength else {
      throw HeaderProblem(
        "a tensor's name has \(name.utf8.count) bytes; at most \(maximumNameLength) are allowed")
    }
    do throws(HeaderProblem) {
      let (type, shape, offsets) = try readFields(&reader)
      guard let type else { throw HeaderProblem("its entry has no dtype") }
      guard let shape else { throw HeaderProblem("its entry has no shape") }
      guard let offsets else { throw HeaderProblem("its entry has no data_offsets") }
      guard offsets.count == 2, offsets[0] <= offsets[1] else {
        throw HeaderProblem("data_offsets \(offsets) must be where its data start and end")
      }
      return TensorEntry(name: name, type: type, shape: shape, data: offsets[0]..<offsets[1])
    } catch {
      throw HeaderProblem(tensor: name, error.problem)
    }
  }

  private static func readFields(
    _ reader: inout JSONReader
  ) throws(HeaderProblem) -> (type: StoredType?, shape: [Int]?, offsets: [Int]?) {
    var (type, shape, offsets): (StoredType?, [Int]?, [Int]?)
    try reader.readMembers(of: "its entry") { (reader, field) throws(HeaderProblem) in
      switch field {
      case "dtype": type = try readType(&reader)
      case "shape": shape = try reader.readIntegers(atMost: maximumRank)
      case "data_offsets": offsets = try reader.readIntegers(atMost: 2)
      default: throw HeaderProblem("its entry has an unknown field \(quoted(field))")
      }
    }
    return (type, shape, offsets)
  }

  private static func readType(_ reader: inout JSONReader) throws(HeaderProblem) -> StoredType {
    let name = try reader.readString("the name of a type")
    guard let type = StoredType(rawValue: name) else {
      throw HeaderProblem("its dtype \(quoted(name)) is unknown; expected F32, I64 or the like")
    }
    return type
  }
}
