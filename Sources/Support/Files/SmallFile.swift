import Glibc

/// The text of a small file, such as those below `/proc`, whose sizes are not known; nil where it
/// cannot be read.
package func text(ofFile path: String) -> String? {
  guard let file = fopen(path, "re") else { return nil }
  defer { fclose(file) }
  let text = content(of: file)
  return ferror(file) == 0 ? text : nil  // a folder can be opened, but not read
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
