import Diagnostics
import Glibc

/// A new file that grows by whole lines: one that does not fit leaves nothing behind.
package final class LineFile {
  private let path: String
  private let descriptor: Int32
  /// The bytes of its lines.
  private var count = 0

  /// Creates the file at `path`, where there is none; `isTaken` of the error says that there is one.
  ///
  /// - Throws: exit code 73.
  package init(creating path: String) throws(FileError) {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    let descriptor = uninterrupted { open(path, flags, 0o666) }
    guard descriptor >= 0 else { throw FileError(.create, path) }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Adds `line` and a line feed: at once, so that it is there when the process is lost.
  ///
  /// - Throws: exit code 74, for example if the disk is full.
  package func append(_ line: String) throws(FileError) {
    var text = line + "\n"
    let (arrived, all) = text.withUTF8 { (writeAll($0, to: descriptor), $0.count) }
    guard arrived < all else {
      count += all
      return
    }
    let error = FileError(.write, path)
    if arrived > 0, ftruncate(descriptor, count) == 0 { lseek(descriptor, count, SEEK_SET) }
    throw error
  }
}
