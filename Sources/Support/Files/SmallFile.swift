import Glibc

/// The text of a small file, such as those below `/proc`, whose sizes are not known; nil where it
/// cannot be read, is none (but a pipe, a device or a folder), or has more than 16 MB.
package func text(ofFile path: String) -> String? {
  // Non-blocking, for a named pipe would otherwise wait for its writer.
  let file = uninterrupted { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
  guard file >= 0 else { return nil }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while bytes.count <= 16 << 20 {
    let count = uninterrupted { read(file, &buffer, buffer.count) }
    guard count >= 0 else { return nil }
    if count == 0 { return String(decoding: bytes, as: UTF8.self) }
    bytes += buffer[..<count]
  }
  return nil
}

/// All of a file that is open.
func content(of file: UnsafeMutablePointer<FILE>) -> String {
  rewind(file)
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
    bytes += buffer[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}
