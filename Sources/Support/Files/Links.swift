import Glibc

/// Whether there is something at `path`, be it a link to nothing.
package func isThere(_ path: String) -> Bool {
  var status = stat()
  return lstat(path, &status) == 0
}

/// Gives what is at `path` another name, at which a file is replaced.
package func rename(_ path: String, to target: String) throws(FileError) {
  let renamed = StorageWaits.waiting(to: .create, target) { Glibc.rename(path, target) }
  guard renamed == 0 else { throw FileError(.create, target) }
}

/// Removes the file at `path`.
package func removeFile(_ path: String) throws(FileError) {
  guard unlink(path) == 0 else { throw FileError(.write, path) }
}

/// Makes `path` a symbolic link to `target`; who looks at any moment sees the old one or the new one.
package func replaceLink(_ path: String, to target: String) throws(FileError) {
  try replace(path) { symlink(target, $0) == 0 }
}

/// Makes `path` a name of the file at `source` too, or a copy where the file system has one name for each
/// file; who looks at any moment sees the old file or the new one.
package func replaceHardLink(_ path: String, to source: String) throws(FileError) {
  do throws(FileError) {
    try replace(path) { link(source, $0) == 0 }
  } catch {
    guard [EPERM, EMLINK, EXDEV, EOPNOTSUPP, ENOSYS].contains(errno) else { throw error }
    let file = try OpenFile(source)
    var copy = try AtomicFile(path, byteCount: file.count)
    for start in stride(from: 0, to: file.count, by: 1 << 20) {
      try copy.append(try file.bytes(start..<min(start + 1 << 20, file.count)))
    }
    try copy.commit()
  }
}

private func replace(_ path: String, _ make: (String) -> Bool) throws(FileError) {
  let temporary = temporaryName(of: path)
  unlink(temporary)
  let isMade = StorageWaits.waiting(to: .create, path) {
    make(temporary) && Glibc.rename(temporary, path) == 0
  }
  guard isMade else {
    let error = FileError(.create, path)
    let code = errno
    unlink(temporary)
    errno = code
    throw error
  }
  // Of two names of one file, renaming leaves both.
  unlink(temporary)
}
