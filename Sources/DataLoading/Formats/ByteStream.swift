/// Bytes that are read once, from the first to the last.
package protocol ByteStream: AnyObject {
  /// What error messages call the source of the bytes.
  var name: String { get }
  /// A number of bytes that the whole stream cannot exceed. Headers that announce more are wrong.
  var byteLimit: Int { get }
  /// Why there cannot be more, as in "at most the 60 that …".
  var limitReason: String { get }
  /// Reads some of the next bytes into a buffer that is not empty and returns how many, 0 at the
  /// end only.
  func read(into buffer: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int
}

extension ByteStream {
  package var limitReason: String { "that a file of this size can hold" }

  /// The next `count` bytes, or fewer if the stream ends before.
  package func bytes(upTo count: Int) throws(DataError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let filled = try bytes.withUnsafeMutableBufferPointer { buffer throws(DataError) in
      var filled = 0
      while filled < count {
        let read = try read(into: UnsafeMutableBufferPointer(rebasing: buffer[filled...]))
        if read == 0 { break }
        filled += read
      }
      return filled
    }
    bytes.removeLast(count - filled)
    return bytes
  }

  /// Throws unless all bytes have been read.
  package func requireEnd(after content: String) throws(DataError) {
    if try !bytes(upTo: 1).isEmpty {
      throw .malformed(
        file: name, problem: "more bytes follow \(content), expected the file to end")
    }
  }
}

/// A stream of bytes that are in memory.
package final class MemoryStream: ByteStream {
  package let name: String
  package var byteLimit: Int { content.count }
  private let content: [UInt8]
  private var position = 0

  package init(_ content: [UInt8], name: String) {
    self.content = content
    self.name = name
  }

  package func read(into buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    let part = content[position...].prefix(buffer.count)
    _ = buffer.update(fromContentsOf: part)
    position += part.count
    return part.count
  }
}
