package import Glibc

/// The text of a small file, such as those by which the system describes itself; nil where it cannot
/// be read.
package func text(ofFile path: String) -> String? {
  guard let file = fopen(path, "re") else { return nil }
  defer { fclose(file) }
  return text(of: file)
}

/// All the text of an open file, from where it stands; nil where reading fails.
package func text(of file: UnsafeMutablePointer<FILE>) -> String? {
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
    bytes += buffer[..<count]
  }
  return ferror(file) == 0 ? String(decoding: bytes, as: UTF8.self) : nil
}
