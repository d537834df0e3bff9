import Glibc

/// A file that appears under its name whole or not at all.
///
/// What is appended goes to a temporary file in the same directory. `commit()` forces it to the
/// disk and renames it; a process killed at any instant leaves the old file or the new one, never a
/// mixture. A value that goes away without `commit()` removes the temporary file.
///
/// ```swift
/// var file = try AtomicFile("run/metrics.json")
/// try file.append("{}\n")
/// try file.commit()
/// ```
///
/// A symbolic link at the path is replaced, not followed. Two writers in one process must not write
/// one path at the same time.
public struct AtomicFile: ~Copyable {
  private let path: String
  private let directory: String
  private let temporary: String
  /// -1 once closed.
  private var descriptor: Int32
  private let byteCount: Int?
  private var isCommitted = false

  /// Starts a file that is to appear at `path`; `byteCount` is its size, if known, for error
  /// messages.
  ///
  /// - Throws: exit code 73 if the directory does not exist or cannot be written.
  public init(_ path: String, byteCount: Int? = nil) throws(FileError) {
    let nameStart = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let temporary = temporaryName(of: path)
    // Left by a killed process of the same number, which in containers is common.
    unlink(temporary)
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    let descriptor = uninterrupted(.create, path) { open(temporary, flags, 0o666) }
    guard descriptor >= 0 else { throw FileError(.create, path) }
    self.path = path
    self.directory = nameStart == path.startIndex ? "." : String(path[..<nameStart])
    self.temporary = temporary
    self.descriptor = descriptor
    self.byteCount = byteCount
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isCommitted { unlink(temporary) }
  }

  /// Adds `bytes` at the end.
  ///
  /// - Throws: exit code 74, for example if the disk is full.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let chunk = UnsafeRawBufferPointer(rebasing: rest)
      let written = uninterrupted(.write, path) {
        write(descriptor, chunk.baseAddress, chunk.count)
      }
      guard written > 0 else { throw writeError }
      rest = rest.dropFirst(written)
    }
  }

  /// Adds `bytes` at the end.
  ///
  /// - Throws: exit code 74, for example if the disk is full.
  public mutating func append(_ bytes: [UInt8]) throws(FileError) {
    try bytes.span.bytes.withUnsafeBytes { (buffer) throws(FileError) in try append(buffer) }
  }

  /// Adds `text` in UTF-8 at the end.
  ///
  /// - Throws: exit code 74, for example if the disk is full.
  public mutating func append(_ text: String) throws(FileError) { try append(Array(text.utf8)) }

  /// Makes what was appended the content of the file at `path`, durably.
  ///
  /// - Throws: exit code 74 if it cannot be forced to the disk, 73 if it cannot get its name. The
  ///   old file is then intact; only if the directory itself cannot be forced to the disk, the new
  ///   one is in place already.
  public consuming func commit() throws(FileError) {
    guard uninterrupted(.write, path, { fsync(descriptor) }) == 0 else { throw writeError }
    let closing = StorageWaits.waiting(to: .write, path) { close(descriptor) }
    descriptor = -1
    guard closing == 0 else { throw writeError }
    let renaming = StorageWaits.waiting(to: .create, path) { rename(temporary, path) }
    guard renaming == 0 else { throw FileError(.create, path) }
    isCommitted = true
    do throws(FileError) {
      try synchronizeDirectory(directory)
    } catch {
      throw FileError(.write, path, reason: error.reason)
    }
  }

  private var writeError: FileError {
    FileError(.write, path, note: byteCount.map { "; it needs \($0) bytes" } ?? "")
  }
}

/// What a file is called until it gets its name at `path`: `run/.metrics.json.tmp-4711`.
func temporaryName(of path: String) -> String {
  let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
  return "\(path[..<start]).\(path[start...]).tmp-\(getpid())"
}

/// Removes what processes that were killed have left of files in the directory at `path`.
package func removeTemporaryFiles(inDirectory path: String) throws(FileError) {
  for name in try names(inDirectory: path) where name.hasPrefix(".") && isTemporary(name) {
    unlink("\(path)/\(name)")
  }
}

private func isTemporary(_ name: String) -> Bool {
  guard let end = name.lastIndex(of: "-") else { return false }
  return name[..<end].hasSuffix(".tmp") && Int(name[name.index(after: end)...]) != nil
}

/// The result of `call`, repeated while a signal interrupts it.
package func uninterrupted<Result: FixedWidthInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}
