import CZlib

/// The decompressed bytes of a stream that is one gzip member (RFC 1952), its checksum verified at
/// the end.
///
/// A stream that is truncated, damaged or followed by other bytes is an error, which is found no
/// later than on reading the end. So is one that grows beyond `byteLimit`.
package final class GzipStream: ByteStream {
  package var name: String { source.name }

  /// 16 MB, or 32 times the size of the source where that is more. Deflate can make a thousand bytes of
  /// one, images and labels a few.
  package let byteLimit: Int

  package var limitReason: String {
    "that are read of a compressed file of this size (gunzip it, if it is as it should be)"
  }

  private static let growth = 32

  private let source: any ByteStream
  private let input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 16)
  /// On the heap because zlib's state points back to it.
  private let state = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var isAtEnd = false
  private var byteCount = 0

  package init(_ source: any ByteStream) throws(DataError) {
    self.source = source
    let (limit, overflow) = source.byteLimit.multipliedReportingOverflow(by: Self.growth)
    byteLimit = overflow ? .max : max(16 << 20, limit)
    input.initialize(repeating: 0)
    state.initialize(to: z_stream())
    let gzipOnly = MAX_WBITS + 16
    let status = inflateInit2_(
      state, gzipOnly, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      throw .readFailed(path: source.name, reason: "zlib cannot start: status \(status)")
    }
  }

  deinit {
    inflateEnd(state)
    state.deallocate()
    input.deallocate()
  }

  package func read(into buffer: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
    if isAtEnd { return 0 }
    let capacity = UInt32(clamping: buffer.count)
    state.pointee.next_out = buffer.baseAddress
    state.pointee.avail_out = capacity
    while state.pointee.avail_out > 0, !isAtEnd {
      if state.pointee.avail_in == 0 { try refill() }
      switch inflate(state, Z_NO_FLUSH) {
      case Z_OK: break
      case Z_STREAM_END:
        try requireNoTrailingBytes()
        isAtEnd = true
      default:
        let reason = state.pointee.msg.map { String(cString: $0) } ?? "unknown data"
        throw .malformed(file: name, problem: "its gzip data are damaged (\(reason))")
      }
    }
    let count = Int(capacity - state.pointee.avail_out)
    byteCount += count
    if byteCount > byteLimit { throw distrust }
    return count
  }

  /// The error of data that grow beyond what is likely.
  private var distrust: DataError {
    .unusable(
      file: name, line: nil,
      problem: "its \(source.byteLimit) bytes become more than \(byteLimit) when they are "
        + "decompressed, which those of images do not",
      advice: "gunzip it, if it is as it should be")
  }

  private func refill() throws(DataError) {
    let count = try source.read(into: input)
    if count == 0 {
      throw .malformed(file: name, problem: "its gzip data are truncated")
    }
    state.pointee.next_in = input.baseAddress
    state.pointee.avail_in = UInt32(count)
  }

  private func requireNoTrailingBytes() throws(DataError) {
    var trailing = Int(state.pointee.avail_in)
    if trailing == 0 { trailing = try source.read(into: input) }
    if trailing > 0 {
      throw .malformed(
        file: name, problem: "more bytes follow its gzip data, expected the file to end")
    }
  }
}
