import Glibc

/// A regular file whose bytes are read at any place.
///
/// They are copied, not mapped: of a file that becomes shorter meanwhile, the system ends a program that
/// touches mapped bytes that are gone, whereas to read them is an error. The system holds what was read
/// once for all processes of a host.
///
/// Any thread may read.
package final class OpenFile: Sendable {
  /// The file, as the program named it.
  package let path: String
  /// How many bytes it had when it was opened.
  package let count: Int
  private let descriptor: Int32

  /// Opens the regular file at `path`.
  package init(_ path: String) throws(FileError) {
    // Non-blocking, for a named pipe would otherwise wait for its writer.
    let descriptor = uninterrupted(.open, path) { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    guard descriptor >= 0 else { throw FileError(.open, path) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let error = FileError(.open, path)
      close(descriptor)
      throw error
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FileError(.open, path, reason: "it is not a regular file")
    }
    self.path = path
    self.descriptor = descriptor
    count = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with the bytes from `offset` on, which must be among its `count`.
  ///
  /// - Throws: exit code 74, also where the file has become shorter.
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let read = uninterrupted(.read, path) {
        pread(descriptor, rest.baseAddress, rest.count, offset + filled)
      }
      guard read >= 0 else { throw FileError(.read, path) }
      guard read > 0 else { throw Self.changed(path, from: count, to: offset + filled) }
      filled += read
    }
  }

  /// The bytes in `range`; see `read(at:into:)`.
  package func bytes(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initialized in
      do throws(FileError) {
        try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
        initialized = range.count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Calls `body` with one piece of the bytes in `range` after the other, each with its offset, until it
  /// returns false. Pieces are of `size` bytes, the last may be shorter.
  package func forEachPiece(
    of range: Range<Int>, size: Int = 1 << 20,
    _ body: (Int, UnsafeRawBufferPointer) throws(FileError) -> Bool
  ) throws(FileError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(size, range.count), alignment: 16)
    defer { buffer.deallocate() }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: size) {
      let piece = UnsafeMutableRawBufferPointer(
        rebasing: buffer[..<min(size, range.upperBound - start)])
      try read(at: start, into: piece)
      guard try body(start, UnsafeRawBufferPointer(piece)) else { return }
    }
  }

  /// Throws if the file has another size than when it was opened.
  package func checkSize() throws(FileError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(.read, path) }
    guard Int(status.st_size) == count else {
      throw Self.changed(path, from: count, to: Int(status.st_size))
    }
  }

  private static func changed(_ path: String, from old: Int, to new: Int) -> FileError {
    FileError(
      .read, path,
      reason: "it had \(old) bytes when it was opened and now has \(new); "
        + "replace such files by renaming, and read it again")
  }
}
