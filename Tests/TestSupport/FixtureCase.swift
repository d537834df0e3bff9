import Elements
public import TensorCore

/// Inputs of an operation, and what PyTorch computes from them.
public struct FixtureCase: CustomStringConvertible {
  /// `<operation>/<name>`.
  public let path: String
  let attributes: [String: Any]
  let tensors: [String: StoredTensor]

  /// The operation's name.
  public var operation: String { String(path.prefix { $0 != "/" }) }
  /// The path.
  public var description: String { path }
  /// How many inputs the operation takes.
  public var inputCount: Int { (0...).prefix { tensors["input\($0)"] != nil }.count }

  /// How many results the operation has.
  public var outputCount: Int {
    tensors["output"] != nil ? 1 : (0...).prefix { tensors["output\($0)"] != nil }.count
  }

  /// Whether an input is of an integer type or Boolean.
  public var takesIntegers: Bool {
    (0..<inputCount).contains { tensors["input\($0)"]?.dtype?.isFloatingPoint != true }
  }

  /// The shape of the tensor `key`; `[]` where there is none.
  public func shape(of key: String) -> [Int] { tensors[key]?.shape ?? [] }

  /// The keys of tensors that begin with `prefix`, without it.
  public func keys(under prefix: String) -> Set<String> {
    Set(tensors.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) })
  }

  /// The tensor `key`, contiguous, or nil where there is none.
  public func tensor(_ key: String) -> Tensor? { tensors[key]?.tensor() }

  /// The tensor `key`.
  public func requiredTensor(_ key: String) throws -> Tensor {
    guard let tensor = tensor(key) else { throw missing("tensor", key) }
    return tensor
  }

  /// The result of number `index`.
  public func output(_ index: Int = 0) throws -> Tensor {
    if index == 0, let output = tensor("output") { return output }
    return try requiredTensor("output\(index)")
  }

  /// The inputs, laid out as the case says.
  public func inputs() throws -> [Tensor] {
    let layouts = attributes["layouts"] as? [String] ?? []
    return try (0..<inputCount).map { index in
      let tensor = try requiredTensor("input\(index)")
      guard index < layouts.count else { return tensor }
      guard let layout = Layout(rawValue: layouts[index]) else {
        throw missing("layout", layouts[index])
      }
      return tensor.laidOut(layout)
    }
  }

  /// The attribute `name`, a whole number; nil where it is null.
  public func integer(_ name: String) throws -> Int? { try attribute(name) }

  /// The attribute `name`, a list of whole numbers; nil where it is null.
  public func integers(_ name: String) throws -> [Int]? { try attribute(name) }

  /// The attribute `name`, a list of pairs of whole numbers.
  public func pairs(_ name: String) throws -> [(Int, Int)] {
    guard let value: [[Int]] = try attribute(name) else { throw missing("list of pairs", name) }
    return value.map { ($0[0], $0[1]) }
  }

  /// The attribute `name`, a number.
  public func number(_ name: String) throws -> Double {
    guard let value: Double = try attribute(name) else { throw missing("number", name) }
    return value
  }

  /// The attribute `name`, a number; nil where it is null.
  public func optionalNumber(_ name: String) throws -> Double? { try attribute(name) }

  /// The attribute `name`, true or false.
  public func flag(_ name: String) throws -> Bool {
    guard let value: Bool = try attribute(name) else { throw missing("flag", name) }
    return value
  }

  /// The attribute `name`, a word.
  public func text(_ name: String) throws -> String {
    guard let value: String = try attribute(name) else { throw missing("text", name) }
    return value
  }

  private func attribute<Value>(_ name: String) throws -> Value? {
    guard let value = attributes[name] else { throw missing("attribute", name) }
    return value as? Value
  }

  private func missing(_ kind: String, _ name: String) -> FixtureError {
    FixtureError(description: "\(path): no \(kind) \(name)")
  }
}
