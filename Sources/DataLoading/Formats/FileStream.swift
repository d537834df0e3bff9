import Glibc
import Support

/// The bytes of a regular file.
package final class FileStream: ByteStream {
  package let name: String
  package let byteLimit: Int
  let descriptor: Int32

  /// Opens the file; `advice` says what to do if it is missing.
  package init(path: String, advice: String) throws(DataError) {
    // Non-blocking, for a named pipe would otherwise wait for its writer.
    let descriptor = uninterrupted(.open, path) {
      open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    }
    guard descriptor >= 0 else { throw DataError(FileError(.open, path), advice: advice) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .unreadable(path: path, reason: "it is not a regular file")
    }
    name = path
    byteLimit = Int(status.st_size)
    self.descriptor = descriptor
  }

  package func read(into buffer: UnsafeMutableBufferPointer<UInt8>) throws(DataError) -> Int {
    let count = uninterrupted(.read, name) {
      Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    }
    guard count >= 0 else { throw .readFailed(path: name, reason: reason(of: errno)) }
    return count
  }

  deinit { close(descriptor) }
}

/// The file at `path`, or the one at `path.gz` if only that exists, decompressed.
package func openPlainOrGzip(path: String, advice: String) throws(DataError) -> any ByteStream {
  // Anything else than that it is not there is said of the file itself.
  if access(path, F_OK) == 0 || errno != ENOENT {
    return try FileStream(path: path, advice: advice)
  }
  if access(path + ".gz", F_OK) == 0 || errno != ENOENT {
    return try GzipStream(FileStream(path: path + ".gz", advice: advice))
  }
  throw .missing(path: path + "[.gz]", advice: advice)
}

/// All bytes of the file at `path`; `advice` says what to do if it is missing.
package func readFile(path: String, advice: String) throws(DataError) -> [UInt8] {
  let file = try FileStream(path: path, advice: advice)
  return try file.bytes(upTo: file.byteLimit)
}

/// 64 bits that tell files apart by all their bytes.
package func digest(ofFile path: String, advice: String) throws(DataError) -> UInt64 {
  try readFile(path: path, advice: advice).withUnsafeBytes { $0.digest }
}
