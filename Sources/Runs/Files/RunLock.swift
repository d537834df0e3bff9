import Glibc
import Support

/// Keeps others from writing to a directory at the same time; goes with the process, however that ends.
final class RunLock {
  private let descriptor: Int32

  /// The seconds for which a lock is waited for.
  private static let patience = 5.0

  /// Locks the directory at `path`; where its file system knows no locks, nothing is kept from anybody.
  ///
  /// - Throws: `RunDirectoryError.inUse` where a process that lives has it.
  init(_ path: String, host: String) throws {
    let file = path + "/.lock"
    let descriptor = uninterrupted { open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o666) }
    guard descriptor >= 0 else { throw FileError(.create, file) }
    // A rank that was killed a moment ago may still be there.
    let end = monotonicSeconds() + Self.patience
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR {
      if monotonicSeconds() < end {
        usleep(20_000)
        continue
      }
      let owner = text(ofFile: file) ?? ""
      close(descriptor)
      throw RunDirectoryError.inUse(path, by: owner.split(separator: "\n").first.map(String.init))
    }
    self.descriptor = descriptor
    let owner = Array("process \(getpid()) on \(host)\n".utf8)
    ftruncate(descriptor, 0)
    _ = pwrite(descriptor, owner, owner.count, 0)
  }

  deinit { close(descriptor) }
}
