import Glibc

/// Creates the directory at `path`, and those that it is in, where they are not there.
package func createDirectories(_ path: String) throws(FileError) {
  var prefix = path.hasPrefix("/") ? "" : "."
  for part in path.split(separator: "/") {
    prefix += "/" + part
    let made = StorageWaits.waiting(to: .create, path) { mkdir(prefix, 0o777) }
    guard made != 0, errno != EEXIST else { continue }
    throw FileError(.create, path)
  }
}

/// The names of what is in the directory at `path`, sorted.
package func names(inDirectory path: String) throws(FileError) -> [String] {
  let directory = StorageWaits.waiting(to: .open, path) { opendir(path) }
  guard let directory else { throw FileError(.open, path) }
  defer { closedir(directory) }
  var names: [String] = []
  errno = 0
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
    errno = 0
  }
  guard errno == 0 else { throw FileError(.read, path) }
  return names.sorted()
}

/// Forces the names in the directory at `path` to the disk: a new name is there for good only then.
package func synchronizeDirectory(_ path: String) throws(FileError) {
  let handle = uninterrupted(.write, path) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
  guard handle >= 0 else { throw FileError(.write, path) }
  defer { close(handle) }
  // Some file systems cannot do this, and say so with EINVAL.
  guard uninterrupted(.write, path, { fsync(handle) }) == 0 || errno == EINVAL else {
    throw FileError(.write, path)
  }
}

/// Removes the directory at `path` with the files in it, as far as that can be done; links are not
/// followed.
package func removeDirectory(_ path: String) {
  for name in (try? names(inDirectory: path)) ?? [] {
    let path = "\(path)/\(name)"
    if unlink(path) != 0, errno == EISDIR || errno == EPERM { removeDirectory(path) }
  }
  rmdir(path)
}
