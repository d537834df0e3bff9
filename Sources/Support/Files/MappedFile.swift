import Glibc

/// The bytes of a regular file as memory: read from the disk when they are first touched, and held once
/// for all processes of a host.
///
/// The file must not become shorter while it is mapped; the system ends a program that touches bytes
/// that are gone. So this is for files that nobody writes to, such as that of the program itself;
/// others are read by `OpenFile`.
///
/// `@unchecked Sendable`: the memory is never written, and it is unmapped when nothing refers to the
/// file any more.
package final class MappedFile: @unchecked Sendable {
  /// The file, as the program named it.
  package let path: String
  /// Its bytes, aligned to a page, as long as this lives.
  package let bytes: UnsafeRawBufferPointer
  private let descriptor: Int32

  /// Maps the whole of the regular file at `path`.
  package init(_ path: String) throws(FileError) {
    // Non-blocking, for a named pipe would otherwise wait for its writer.
    let descriptor = uninterrupted(.open, path) { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
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

  /// How many bytes it has.
  package var count: Int { bytes.count }

  /// Calls `body` with the bytes, which stay until it returns.
  package func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(bytes)
  }

  deinit {
    if let start = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
    }
    close(descriptor)
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
