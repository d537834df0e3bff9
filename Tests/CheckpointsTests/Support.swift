import Checkpoints
import Glibc
import TensorCore
import Testing

/// A directory that is there while `body` runs, and its files.
struct TemporaryDirectory: ~Copyable {
  let path: String

  init() throws {
    var template = Array(("/tmp/checkpoints-" + String(repeating: "X", count: 6)).utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
  }

  deinit {
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// The files in it, hidden ones included.
  var names: [String] { fileNames(in: path) }

  /// The path of a new file with `bytes`.
  func file(_ name: String = "file.safetensors", _ bytes: [UInt8]) throws -> String {
    let file = "\(path)/\(name)"
    try writeBytes(bytes, to: file)
    return file
  }
}

func fileNames(in directory: String) -> [String] {
  guard let stream = opendir(directory) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

func readBytes(_ path: String) throws -> [UInt8] {
  let file = try #require(fopen(path, "r"))
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while case let count = fread(&buffer, 1, buffer.count, file), count > 0 {
    bytes += buffer.prefix(count)
  }
  return bytes
}

func writeBytes(_ bytes: [UInt8], to path: String) throws {
  let file = try #require(fopen(path, "w"))
  defer { fclose(file) }
  try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}

/// A file with the header `json`, right or wrong, and `dataByteCount` bytes after it.
func safeTensorsBytes(_ json: String, _ dataByteCount: Int) -> [UInt8] {
  safeTensorsBytes(Array(json.utf8), [UInt8](repeating: 0, count: dataByteCount))
}

func safeTensorsBytes(_ json: [UInt8], _ data: [UInt8]) -> [UInt8] {
  withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json + data
}

/// A file of this folder that the reference implementation wrote; see `make_resources.py`.
func resource(_ name: String) -> String {
  let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
  return "/\(folder)/Resources/\(name).safetensors"
}

/// The elements' bits, in row-major order.
func bits(_ tensor: Tensor) -> [UInt64] {
  switch tensor.dtype {
  case .float32: tensor.array(of: Float.self).map { UInt64($0.bitPattern) }
  default: tensor.array(of: Int64.self).map { UInt64(bitPattern: $0) }
  }
}
