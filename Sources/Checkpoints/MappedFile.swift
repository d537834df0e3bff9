import Glibc

/// A file in memory, read from the disk as its bytes are touched.
final class MappedFile {
  let path: String
  let bytes: UnsafeRawBufferPointer
  private let descriptor: Int32

  /// Maps the whole of the regular file at `path`.
  init(_ path: String) throws(FileError) {
    // Non-blocking, for a named pipe would otherwise wait for its writer.
    let descriptor = uninterrupted { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw FileError(.open, path) }
    do throws(FileError) {
      bytes = try Self.map(descriptor, path)
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    if let start = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
    close(descriptor)
  }

  /// Throws if the file has another size than when it was mapped: to touch a byte beyond its end
  /// would be fatal.
  func checkSize() throws(FileError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(.read, path) }
    guard status.st_size == bytes.count else {
      throw FileError(
        .read, path,
        reason: "it had \(bytes.count) bytes when it was opened and now has \(status.st_size); "
          + "replace such files by renaming, and read it again")
    }
  }

  private static func map(
    _ descriptor: Int32, _ path: String
  ) throws(FileError) -> UnsafeRawBufferPointer {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(.open, path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(.open, path, reason: "it is not a regular file")
    }
    let size = status.st_size
    guard size > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let start, start != MAP_FAILED else { throw FileError(.read, path) }
    return UnsafeRawBufferPointer(start: start, count: size)
  }
}
