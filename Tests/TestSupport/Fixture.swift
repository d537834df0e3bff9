import Elements
import Foundation
import TensorCore

/// One file of PyTorch's numbers, `Tests/Fixtures/<family>.safetensors`; see the README there.
///
/// It has a reader of its own, so that a mistake in the library's cannot hide itself.
public struct Fixture {
  /// All cases, sorted by operation and name.
  public let cases: [FixtureCase]

  /// The files there are.
  public static func families() throws -> [String] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "safetensors" }
      .map { $0.deletingPathExtension().lastPathComponent }.sorted()
  }

  /// Reads the file of `family`.
  public init(_ family: String) throws {
    let file = Self.folder.appending(path: family + ".safetensors")
    let bytes = try Data(contentsOf: file)
    let length = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    let header = try JSONSerialization.jsonObject(with: bytes[8..<(8 + length)])
    guard let header = header as? [String: [String: Any]], let cases = header["__metadata__"] else {
      throw FixtureError(description: "\(file.path): the header is no table of tensors")
    }
    var tensors: [String: [String: StoredTensor]] = [:]
    for (key, entry) in header where key != "__metadata__" {
      let parts = key.split(separator: "/", maxSplits: 2).map(String.init)
      guard parts.count == 3, let tensor = StoredTensor(entry, in: bytes[(8 + length)...]) else {
        throw FixtureError(description: "\(file.path): \(key) is no tensor of a case")
      }
      tensors[parts[0] + "/" + parts[1], default: [:]][parts[2]] = tensor
    }
    self.cases = try cases.keys.filter { $0.contains("/") }.sorted().map { key in
      let text = cases[key] as? String ?? ""
      let attributes = try JSONSerialization.jsonObject(with: Data(text.utf8))
      return FixtureCase(
        path: key, attributes: attributes as? [String: Any] ?? [:], tensors: tensors[key] ?? [:])
    }
  }

  /// The names of the operations in the file.
  public var operations: Set<String> { Set(cases.map(\.operation)) }

  /// The cases of `operation`.
  public func cases(of operation: String) -> [FixtureCase] {
    cases.filter { $0.operation == operation }
  }

  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
}

/// A fixture does not hold what its README promises.
public struct FixtureError: Error, CustomStringConvertible {
  /// What is missing, and where.
  public let description: String

  /// An error that says `description`.
  public init(description: String) { self.description = description }
}

/// The bytes of a tensor in a file.
struct StoredTensor {
  let type: String
  let shape: [Int]
  let bytes: Data

  init?(_ entry: [String: Any], in data: Data) {
    guard let type = entry["dtype"] as? String, let shape = entry["shape"] as? [Int],
      let offsets = entry["data_offsets"] as? [Int], offsets.count == 2
    else { return nil }
    self.type = type
    self.shape = shape
    bytes = data[(data.startIndex + offsets[0])..<(data.startIndex + offsets[1])]
  }

  /// The element type in this library; nil where it has none.
  var dtype: DType? {
    switch type {
    case "F32": .float32
    case "I32": .int32
    case "I64": .int64
    case "F16": .float16
    case "U8": .bool
    default: nil
    }
  }

  func tensor() -> Tensor? {
    guard let dtype else { return nil }
    let tensor = Tensor(uninitialized: Shape(shape), dtype)
    bytes.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress {
        tensor.storage.pointer.copyMemory(from: source, byteCount: bytes.count)
      }
    }
    return tensor
  }
}
