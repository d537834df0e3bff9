import Glibc
import Support
public import TensorCore

/// A safetensors file that was found sound: names, types and shapes, and the data on request.
///
/// It keeps the file open until it goes away.
public struct SafeTensorsFile {
  /// The strings under `__metadata__`.
  public let metadata: [String: String]
  /// The tensors in the order in which their data lie in the file.
  public var names: [String] { entries.map(\.name) }

  private let file: OpenFile
  /// Where the data begin.
  private let dataStart: Int
  private let entries: [TensorEntry]
  private let positions: [String: Int]

  /// Opens and checks the file at `path`; no tensor is read yet.
  init(_ path: String) throws(CheckpointError) {
    func malformed(_ problem: String, _ tensor: String? = nil) -> CheckpointError {
      .malformed(path: path, tensor: tensor, problem: problem)
    }
    let file: OpenFile
    do throws(FileError) { file = try OpenFile(path) } catch { throw .file(error) }
    self.file = file
    guard file.count >= 8 else {
      throw malformed("it has \(file.count) bytes, but starts with 8 that hold a length")
    }
    func bytes(_ range: Range<Int>) throws(CheckpointError) -> [UInt8] {
      do throws(FileError) { return try file.bytes(range) } catch { throw .file(error) }
    }
    let length = try bytes(0..<8).withUnsafeBytes { UInt64(littleEndian: $0.load(as: UInt64.self)) }
    guard length <= SafeTensorsHeader.maximumLength else {
      throw malformed(
        "its header is said to have \(length) bytes; at most "
          + "\(SafeTensorsHeader.maximumLength) are allowed")
    }
    dataStart = 8 + Int(length)
    guard dataStart <= file.count else {
      throw malformed(
        "its header is said to have \(length) bytes, but \(file.count - 8) follow")
    }
    let json = try bytes(8..<dataStart)
    do throws(HeaderProblem) {
      let header = try SafeTensorsHeader(
        parsing: json, dataByteCount: file.count - dataStart)
      metadata = header.metadata
      entries = header.entries
    } catch {
      throw malformed(error.problem, error.tensor)
    }
    positions = Dictionary(uniqueKeysWithValues: zip(entries.map(\.name), entries.indices))
  }

  /// The type and shape of the tensor `name`; nil if there is none.
  public func entry(_ name: String) -> (dtype: StoredType, shape: [Int])? {
    positions[name].map { (entries[$0].type, entries[$0].shape) }
  }

  /// A copy of the tensor `name`.
  ///
  /// - Throws: exit code 65 if there is no such tensor, or none that a `Tensor` can hold (its type,
  ///   or more than eight dimensions); 74 if the file became shorter in the meantime.
  public func tensor(_ name: String) throws(CheckpointError) -> Tensor {
    func unavailable(_ problem: String) -> CheckpointError {
      .unavailable(path: file.path, tensor: name, problem: problem)
    }
    guard let position = positions[name] else {
      throw unavailable("there is none of this name among the \(entries.count) of the file")
    }
    let entry = entries[position]
    guard let dtype = entry.type.dtype else {
      throw unavailable("elements of type \(entry.type.rawValue) cannot be loaded")
    }
    guard entry.shape.count <= Shape.maximumRank else {
      throw unavailable(
        "it has \(entry.shape.count) dimensions; at most \(Shape.maximumRank) can be loaded")
    }
    try checkSize()
    let tensor = Tensor(uninitialized: Shape(entry.shape), dtype)
    do throws(FileError) {
      try file.read(at: dataStart + entry.data.lowerBound, into: tensor.bytes)
    } catch {
      throw .file(error)
    }
    return tensor
  }

  /// Whether two tensors of the file are the same, bit for bit.
  func areEqual(_ a: String, _ b: String) throws(CheckpointError) -> Bool {
    guard let a = positions[a].map({ entries[$0] }), let b = positions[b].map({ entries[$0] }),
      a.type == b.type, a.shape == b.shape
    else { return false }
    try checkSize()
    let distance = b.data.lowerBound - a.data.lowerBound
    var areEqual = true
    do throws(FileError) {
      let start = dataStart + a.data.lowerBound
      try file.forEachPiece(of: start..<start + a.data.count) { (offset, bytes) throws(FileError) in
        let other = try file.bytes(offset + distance..<offset + distance + bytes.count)
        areEqual = bytes.elementsEqual(other)
        return areEqual
      }
    } catch {
      throw .file(error)
    }
    return areEqual
  }

  /// A file that has become longer or shorter is being written.
  private func checkSize() throws(CheckpointError) {
    do throws(FileError) { try file.checkSize() } catch { throw .file(error) }
  }
}
