import Support

/// An array of bytes in the IDX format of the MNIST files: a big-endian header with a magic number
/// and the size of each dimension, then the values in row-major order.
package struct IDX {
  /// The size of each dimension, all positive.
  package let shape: [Int]
  /// The values, as many as `shape` says.
  package let values: [UInt8]

  /// Reads a whole stream that must hold an array of unsigned bytes with the given number of
  /// dimensions.
  ///
  /// Nothing is allocated for sizes that the stream cannot hold.
  package init(_ stream: any ByteStream, dimensions: Int) throws(DataError) {
    let malformed = { DataError.malformed(file: stream.name, problem: $0) }
    let headerSize = 4 + 4 * dimensions
    let header = try stream.bytes(upTo: headerSize)
    guard header.count == headerSize else {
      throw malformed("it ends within its header, after \(header.count) of \(headerSize) bytes")
    }
    let words = stride(from: 0, to: headerSize, by: 4).map { start in
      header[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    let magic = 0x800 + UInt32(dimensions)
    guard words[0] == magic else {
      throw .unusable(
        file: stream.name, line: nil,
        problem: "its magic number is 0x\(hexadecimal(words[0], digits: 8)), "
          + "expected 0x\(hexadecimal(magic, digits: 8))",
        advice: "use an IDX file of unsigned bytes with \(dimensions) dimension(s)")
    }
    shape = words.dropFirst().map { Int($0) }
    let room = stream.byteLimit - headerSize
    guard let count = Self.product(of: shape), count > 0, count <= room else {
      throw malformed(
        "its header announces \(shape) values, expected at least one and at most the \(room) "
          + stream.limitReason)
    }
    values = try stream.bytes(upTo: count)
    guard values.count == count else {
      throw malformed("it ends after \(values.count) of the \(count) values in its header")
    }
    try stream.requireEnd(after: "the \(count) values in its header")
  }

  /// `nil` if the product does not fit.
  private static func product(of sizes: [Int]) -> Int? {
    var product = 1
    for size in sizes {
      let (next, overflow) = product.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      product = next
    }
    return product
  }
}
