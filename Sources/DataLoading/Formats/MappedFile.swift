import Glibc

/// The bytes of a regular file as memory: read from disk when they are first touched, and held once
/// for all processes of a host.
///
/// The file must not become shorter while it is mapped; the system ends a program that touches
/// bytes that are gone.
///
/// `@unchecked Sendable`: the memory is never written, and it is unmapped when nothing refers to
/// the file any more.
package final class MappedFile: @unchecked Sendable {
  /// What error messages call the file.
  package let name: String
  /// How many bytes it has.
  package let count: Int
  private let start: UnsafeMutableRawPointer?

  /// Maps the file; `advice` says what to do if it is missing.
  package init(path: String, advice: String) throws(DataError) {
    let file = try FileStream(path: path, advice: advice)
    let count = file.byteLimit
    name = path
    self.count = count
    guard count > 0 else {
      start = nil
      return
    }
    let start = withExtendedLifetime(file) {
      mmap(nil, count, PROT_READ, MAP_PRIVATE, file.descriptor, 0)
    }
    guard let start, start != MAP_FAILED else {
      throw .unreadable(path: path, reason: String(cString: strerror(errno)))
    }
    self.start = start
  }

  deinit {
    if let start { munmap(start, count) }
  }

  /// Calls `body` with the bytes, which are aligned to a page.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    try withExtendedLifetime(self) {
      try body(UnsafeRawBufferPointer(start: start, count: count))
    }
  }
}
