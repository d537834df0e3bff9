import Checkpoints
import Support

/// A checkpoint that was read and found to be as it was written.
package struct SoundCheckpoint {
  let path: String
  let name: CheckpointName
  let state: CheckpointState
  private let files: Set<String>

  /// Reads the checkpoint in the directory `folder` and verifies every file of it.
  package init(_ name: CheckpointName, in folder: String) throws(UnsoundCheckpoint) {
    self.name = name
    path = "\(folder)/\(name)"
    let manifest = try Manifest(in: path)
    for file in manifest.files { try file.verify(in: path) }
    files = Set(manifest.files.map(\.name))
    guard files.contains(CheckpointState.fileName) else {
      throw UnsoundCheckpoint("it has no \(CheckpointState.fileName)")
    }
    state = try CheckpointState(in: path)
    guard state.step == name.step else {
      throw UnsoundCheckpoint("\(CheckpointState.fileName) is of step \(state.step)")
    }
  }

  /// The files whose names begin with `prefix`, opened.
  func tensors(_ prefix: String) throws -> [(path: String, file: SafeTensorsFile)] {
    try files.sorted().compactMap { name in
      guard name.hasPrefix(prefix), name.hasSuffix(".safetensors") else { return nil }
      let rest = name.dropFirst(prefix.count).dropLast(".safetensors".count)
      // `-00001-of-00002`, where ranks have written parts.
      guard rest.isEmpty || rest.wholeMatchOfPart else { return nil }
      let path = "\(path)/\(name)"
      return (path, try SafeTensors.read(path))
    }
  }
}

extension Substring {
  /// Whether this is `-00001-of-00002`, with any numbers.
  fileprivate var wholeMatchOfPart: Bool {
    let words = split(separator: "-", omittingEmptySubsequences: false)
    return words.count == 4 && words[0].isEmpty && words[2] == "of" && Int(words[1]) != nil
      && Int(words[3]) != nil
  }
}

extension Manifest.File {
  /// Throws unless the file in the directory at `path` is this one.
  func verify(in path: String) throws(UnsoundCheckpoint) {
    let found: Manifest.File
    do throws(FileError) {
      let file = try OpenFile("\(path)/\(name)")
      guard file.count == byteCount else {
        throw FileError(.read, name, reason: "it has \(file.count) bytes instead of \(byteCount)")
      }
      found = try Manifest.File(name: name, readingFrom: file)
    } catch {
      throw UnsoundCheckpoint(error.path == name ? "\(name): \(error.reason)" : error.description)
    }
    guard found == self else {
      throw UnsoundCheckpoint("\(name) is damaged: its digest is not that of the manifest")
    }
  }

  /// The size and digest of a file that is open.
  private init(name: String, readingFrom file: OpenFile) throws(FileError) {
    var pieces: [UInt64] = []
    for start in stride(from: 0, to: file.count, by: Self.pieceSize) {
      let piece = try file.bytes(start..<min(start + Self.pieceSize, file.count))
      pieces.append(piece.withUnsafeBytes { $0.digest })
    }
    self.init(name: name, byteCount: file.count, pieces: pieces)
  }
}
