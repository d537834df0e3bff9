import CZlib

/// The gzip file that holds `bytes`.
public func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  let gzipFormat = MAX_WBITS + 16
  deflateInit2_(
    &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzipFormat, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
  let size = output.count
  input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(size)
      deflate(&stream, Z_FINISH)
    }
  }
  return Array(output.prefix(size - Int(stream.avail_out)))
}

/// The IDX file with this magic number, these sizes and these values, whether they agree or not.
public func idx(magic: UInt32, sizes: [UInt32], values: [UInt8]) -> [UInt8] {
  ([magic] + sizes).flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
    + values
}

/// The IDX file of `count` images whose pixels count up from 0 and start anew after 250.
public func imageFile(count: Int) -> [UInt8] {
  idx(
    magic: 0x803, sizes: [UInt32(count), 28, 28],
    values: (0..<count * 784).map { UInt8($0 % 251) })
}

/// The IDX file of these labels.
public func labelFile(_ labels: [UInt8]) -> [UInt8] {
  idx(magic: 0x801, sizes: [UInt32(labels.count)], values: labels)
}
