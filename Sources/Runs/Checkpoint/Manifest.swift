package import Checkpoints
import Diagnostics
import Support

/// `manifest.json`: the size and digest of every other file of a checkpoint. It is written last, so a
/// checkpoint with a manifest that fits is whole.
package struct Manifest {
  /// What a file must be.
  struct File: Hashable, Sendable {
    var name: String
    var byteCount: Int
    /// A digest of the digests of all pieces of the file.
    var digest: UInt64

    init(name: String, byteCount: Int, digest: UInt64) {
      (self.name, self.byteCount, self.digest) = (name, byteCount, digest)
    }

    init(name: String, _ bytes: UnsafeRawBufferPointer) {
      let pieces = stride(from: 0, to: bytes.count, by: Self.pieceSize).map { start in
        UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.pieceSize, bytes.count)])
          .digest
      }
      self.init(name: name, byteCount: bytes.count, pieces: pieces)
    }

    init(name: String, byteCount: Int, pieces: [UInt64]) {
      self.init(
        name: name, byteCount: byteCount, digest: pieces.withUnsafeBytes { $0.digest })
    }

    /// The bytes of a piece: few enough to read one at a time.
    static let pieceSize = 1 << 20
  }

  static let fileName = "manifest.json"
  /// The layout of a checkpoint; it changes when older programs could not read it rightly.
  static let format = 1
  private static let longest = 1 << 20

  var files: [File]

  package var text: String {
    let members = files.map { file -> (key: String, value: JSONObject.Value?) in
      let facts = JSONObject([
        "bytes": .integer(file.byteCount), "digest": .text(hexadecimal(file.digest)),
      ])
      return (file.name, .object(facts))
    }
    return JSONObject(["format": .integer(Self.format), "files": .object(JSONObject(members))])
      .description + "\n"
  }

  init(files: [File]) { self.files = files }

  /// Reads the bytes of a manifest.
  package init(parsing bytes: [UInt8]) throws(HeaderProblem) { files = try Self.parse(bytes) }

  /// Reads the manifest in the directory at `path`.
  init(in path: String) throws(UnsoundCheckpoint) {
    let bytes: [UInt8]
    do {
      let file = try OpenFile("\(path)/\(Self.fileName)")
      guard file.count <= Self.longest else {
        throw UnsoundCheckpoint("\(Self.fileName) has \(file.count) bytes")
      }
      bytes = try file.bytes(0..<file.count)
    } catch let error as UnsoundCheckpoint {
      throw error
    } catch {
      throw UnsoundCheckpoint(error.report)
    }
    do throws(HeaderProblem) {
      files = try Self.parse(bytes)
    } catch {
      throw UnsoundCheckpoint("\(Self.fileName): \(error.problem)")
    }
    // A bit that has no meaning, such as the case of a digit, is damage all the same.
    guard Array(text.utf8) == bytes else {
      throw UnsoundCheckpoint("\(Self.fileName) is not as it was written")
    }
  }

  /// The files that a manifest names.
  static func parse(_ bytes: [UInt8]) throws(HeaderProblem) -> [File] {
    var reader = JSONReader(bytes)
    var files: [File]?
    var format: Int?
    try reader.readMembers(of: "the manifest") { (reader, key) throws(HeaderProblem) in
      switch key {
      case "format":
        format = try reader.readInteger()
        guard format == Self.format else {
          throw HeaderProblem(
            "the checkpoint has the layout \(format ?? 0), and this version reads layout "
              + "\(Self.format); use the version that wrote it")
        }
      case "files":
        var read: [File] = []
        try reader.readMembers(of: "files") { (reader, name) throws(HeaderProblem) in
          read.append(try file(name, &reader))
        }
        files = read
      default: throw HeaderProblem("unknown member \"\(printable(key))\"")
      }
    }
    try reader.readEnd()
    guard let files, format != nil else { throw HeaderProblem("it has no format, or no files") }
    return files
  }

  private static func file(
    _ name: String, _ reader: inout JSONReader
  ) throws(HeaderProblem) -> File {
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix("."), name != fileName else {
      throw HeaderProblem("\"\(printable(name))\" is no file of a checkpoint")
    }
    var (byteCount, digest): (Int?, UInt64?)
    try reader.readMembers(of: "a file") { (reader, key) throws(HeaderProblem) in
      switch key {
      case "bytes": byteCount = try reader.readInteger()
      case "digest": digest = UInt64(try reader.readString("a digest"), radix: 16)
      default: throw HeaderProblem("unknown member \"\(printable(key))\"")
      }
    }
    guard let byteCount, let digest else {
      throw HeaderProblem("\"\(printable(name))\" has no size, or no digest")
    }
    return File(name: name, byteCount: byteCount, digest: digest)
  }
}

/// Why a checkpoint cannot be gone on from.
package struct UnsoundCheckpoint: Error {
  package let problem: String

  init(_ problem: String) { self.problem = problem }
}
