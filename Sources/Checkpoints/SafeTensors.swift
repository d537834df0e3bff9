import Diagnostics
public import Support
public import TensorCore

/// Files of named tensors in the safetensors format, as PyTorch users exchange them.
///
/// Eight bytes of length, a JSON header, and the tensors' elements in row-major order,
/// little-endian. Such a file holds data only: to read one executes nothing.
public enum SafeTensors {
  /// Opens the file at `path` and checks every length and offset in it, before memory is taken for
  /// any tensor.
  ///
  /// Refused are headers beyond 100 MB, names that come twice, unknown types and fields, and data
  /// with a hole, an overlap or a rest.
  ///
  /// - Throws: exit code 65 for a malformed file, 66 for one that cannot be opened, 74 if reading
  ///   fails.
  public static func read(_ path: String) throws(CheckpointError) -> SafeTensorsFile {
    try SafeTensorsFile(path)
  }

  /// Writes `tensors` to the file at `path`, which changes whole or not at all.
  ///
  /// The bytes depend on the names, values and metadata only, not on the order of `tensors`. Views
  /// are written as their values in row-major order. Stops if a name comes twice, has more than
  /// 4096 bytes or is `__metadata__`.
  ///
  /// - Throws: exit code 73 if the file cannot be created, 74 if writing fails.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = ["format": "pt"],
    to path: String
  ) throws(FileError) {
    let (tensors, header, dataCount) = layout(of: tensors, metadata)
    var file = try AtomicFile(path, byteCount: header.count + dataCount)
    try file.append(header)
    for (_, tensor) in tensors { try file.append(valuesOf: tensor) }
    try file.commit()
  }

  /// The tensors in the order of a file, what stands before their values, and the bytes of these.
  static func layout(
    of tensors: [(name: String, tensor: Tensor)], _ metadata: [String: String]
  ) -> (tensors: [(name: String, tensor: Tensor)], header: [UInt8], dataCount: Int) {
    let tensors = inFileOrder(tensors)
    var names: Set<String> = [SafeTensorsHeader.metadataKey]
    var entries: [TensorEntry] = []
    var end = 0
    for (name, tensor) in tensors {
      check(names.insert(name).inserted, "SafeTensors.write: the name \(name) is taken")
      check(
        name.utf8.count <= HeaderParser.maximumNameLength,
        "SafeTensors.write: a name of \(name.utf8.count) bytes; at most 4096 are allowed")
      let start = end
      end += tensor.count * tensor.dtype.size
      entries.append(
        TensorEntry(
          name: name, type: StoredType(tensor.dtype), shape: Array(tensor.shape), data: start..<end)
      )
    }
    let header = SafeTensorsHeader.encode(entries, metadata)
    check(
      header.count - 8 <= SafeTensorsHeader.maximumLength,
      "SafeTensors.write: a header of \(header.count - 8) bytes; at most 100,000,000 are allowed")
    return (tensors, header, end)
  }

  /// As the reference implementation does: the widest types first, which keeps all data aligned;
  /// then by the names' bytes.
  private static func inFileOrder(
    _ tensors: [(name: String, tensor: Tensor)]
  ) -> [(name: String, tensor: Tensor)] {
    tensors.sorted { a, b in
      let (typeOfA, typeOfB) = (StoredType(a.tensor.dtype), StoredType(b.tensor.dtype))
      return typeOfA == typeOfB
        ? a.name.utf8.lexicographicallyPrecedes(b.name.utf8) : typeOfA.order > typeOfB.order
    }
  }
}

extension AtomicFile {
  /// Adds the elements of `tensor` in row-major order.
  fileprivate mutating func append(valuesOf tensor: Tensor) throws(FileError) {
    let values = tensor.contiguousValues()
    try append(UnsafeRawBufferPointer(values.bytes))
    withExtendedLifetime(values) {}
  }
}
