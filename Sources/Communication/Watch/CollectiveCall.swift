/// What a rank passes to a collective, packed into one word so that ranks can compare it at once.
struct CollectiveCall: Hashable {
  /// Which collective.
  enum Kind: UInt64 {
    case allReduce = 1
    case broadcast
    case allGather
    case barrier
    case makeSharedWindow
    case allReduceAcrossHosts
    case split
  }

  /// From the lowest bit: 4 of the kind, 4 of the element type, 2 of the operation, 14 of the root,
  /// 40 of the count. None is ever 0.
  let word: UInt64

  private static let rootMask: UInt64 = 0x3fff

  private init(_ kind: Kind, count: Int, root: Int = 0, reduction: UInt64 = 0) {
    word =
      kind.rawValue | reduction << 4 | (UInt64(root) & Self.rootMask) << 10 | UInt64(count) << 24
  }

  /// The call that a word stands for.
  init(word: UInt64) { self.word = word }

  /// Which collective it is; nil for a word that no rank writes.
  var kind: Kind? { Kind(rawValue: word & 15) }

  /// Whether it takes so long that looking at a clock does not matter.
  var isLarge: Bool { word >> 24 >= 16_384 }

  static func allReduce(
    _ element: ReducibleKind, _ operation: ReductionOperation, count: Int
  ) -> CollectiveCall {
    CollectiveCall(
      .allReduce, count: count,
      reduction: UInt64(element.code) | UInt64(operation.code) << 4)
  }

  static func allReduceAcrossHosts(_ element: ReducibleKind, count: Int) -> CollectiveCall {
    CollectiveCall(.allReduceAcrossHosts, count: count, reduction: UInt64(element.code))
  }

  static func broadcast(bytes: Int, root: Int) -> CollectiveCall {
    CollectiveCall(.broadcast, count: bytes, root: root)
  }

  static func allGather(bytes: Int) -> CollectiveCall { CollectiveCall(.allGather, count: bytes) }

  static let barrier = CollectiveCall(.barrier, count: 0)

  static let split = CollectiveCall(.split, count: 0)

  static func makeSharedWindow(bytes: Int) -> CollectiveCall {
    CollectiveCall(.makeSharedWindow, count: bytes)
  }
}

extension CollectiveCall: CustomStringConvertible {
  /// `all-reduce of 10 float32 (sum)`
  var description: String {
    let count = word >> 24
    return switch kind {
    case .allReduce: "all-reduce of \(count) \(element) (\(operation))"
    case .allReduceAcrossHosts: "all-reduce of \(count) \(element) across hosts"
    case .broadcast: "broadcast of \(count) bytes from rank \(word >> 10 & Self.rootMask)"
    case .allGather: "all-gather of \(count) bytes"
    case .barrier: "barrier"
    case .makeSharedWindow: "making a shared window of \(count) bytes"
    case .split: "split"
    case nil: "an unknown collective"
    }
  }

  private var element: String {
    ReducibleKind(code: UInt8(word >> 4 & 15)).map(\.description) ?? "elements"
  }

  private var operation: String {
    ReductionOperation.allCases.first { UInt64($0.code) == word >> 8 & 3 }?.rawValue ?? "reduction"
  }
}

extension ReductionOperation {
  fileprivate var code: UInt8 {
    switch self {
    case .sum: 0
    case .minimum: 1
    case .maximum: 2
    }
  }
}
