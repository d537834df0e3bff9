import Synchronization

/// What the first rank of a host tells another host about its ranks.
struct HostReport {
  /// How far the first rank has come in a lane, to be compared with the other's.
  struct Mark: BitwiseCopyable, Equatable {
    var lane: UInt64 = 0
    /// 0: nothing is said.
    var number: UInt64 = 0
    var chain: UInt64 = 0
  }

  /// A collective of a rank.
  struct Kept: BitwiseCopyable {
    var rank: Int32
    var lane: Int32
    var entry: CollectiveEntry
  }

  /// Whether the other is asked for the last collectives of all its ranks.
  var asks = false
  /// Whether ranks may disagree about a collective.
  var suspects = false
  /// Whether `kept` is all that the ranks have kept.
  var isWhole = false
  /// Whether the host is about to say something, over which it may be silent for seconds.
  var isSpeaking = false
  /// Whether all ranks of the host are leaving MPI.
  var hasLeft = false
  /// Whether a rank of the host wants to report why the job fails: the first host lets one do so.
  var claims = false
  /// The first host's answer to that: yes, or no, another one does.
  var grants = false
  var denies = false
  var marks = InlineArray<4, Mark>(repeating: Mark())
  /// All ranks of the host, or none: not said this time.
  var states: [RankState] = []
  var kept: [Kept] = []

  private struct Header: BitwiseCopyable {
    var format = HostReport.format
    var flags: UInt32
    var stateCount: UInt32
    var keptCount: UInt32
    var marks: InlineArray<4, Mark>
  }

  /// Programs whose reports look otherwise have another one.
  private static let format =
    UInt32(MemoryLayout<RankState>.stride) << 16 | UInt32(MemoryLayout<Kept>.stride) << 4 | 1

  init() {}

  /// The report in `bytes`; nil where it is none.
  init?(_ bytes: [UInt8]) {
    let size = MemoryLayout<Header>.size
    guard bytes.count >= size else { return nil }
    let header = bytes.withUnsafeBytes { $0.loadUnaligned(as: Header.self) }
    let stateBytes = Int(header.stateCount) * MemoryLayout<RankState>.stride
    let keptBytes = Int(header.keptCount) * MemoryLayout<Kept>.stride
    guard header.format == Self.format, bytes.count == size + stateBytes + keptBytes else {
      return nil
    }
    asks = header.flags & 1 != 0
    suspects = header.flags & 2 != 0
    isWhole = header.flags & 4 != 0
    isSpeaking = header.flags & 8 != 0
    hasLeft = header.flags & 16 != 0
    claims = header.flags & 32 != 0
    grants = header.flags & 64 != 0
    denies = header.flags & 128 != 0
    marks = header.marks
    states = Self.values(Int(header.stateCount), in: bytes[size..<size + stateBytes])
    kept = Self.values(Int(header.keptCount), in: bytes[(size + stateBytes)...])
    guard kept.allSatisfy({ Lane(rawValue: Int($0.lane)) != nil }) else { return nil }
  }

  /// What is sent.
  var bytes: [UInt8] {
    let flags = [asks, suspects, isWhole, isSpeaking, hasLeft, claims, grants, denies]
    let header = Header(
      flags: flags.reversed().reduce(0) { $0 << 1 | ($1 ? 1 : 0) },
      stateCount: UInt32(states.count),
      keptCount: UInt32(kept.count), marks: marks)
    var bytes = withUnsafeBytes(of: header) { Array($0) }
    states.withUnsafeBytes { bytes.append(contentsOf: $0) }
    kept.withUnsafeBytes { bytes.append(contentsOf: $0) }
    return bytes
  }

  private static func values<Value: BitwiseCopyable>(
    _ count: Int, in bytes: ArraySlice<UInt8>
  ) -> [Value] {
    bytes.withUnsafeBytes { source in
      (0..<count).map {
        source.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.stride, as: Value.self)
      }
    }
  }
}

extension HostReport {
  /// Notes how far the first rank of the host that has `board` has come.
  mutating func mark(_ board: HostBoard) {
    for lane in Lane.allCases {
      let record = board.records[0]
      let ring = board.ring(lane, 0)
      let last = record.pointee.lanes[lane.rawValue].entered.load(ordering: .acquiring)
      let milestone = last / UInt64(CollectiveRing.count) * UInt64(CollectiveRing.count)
      let chains = [(last, ring.chain(last)), (milestone, ring.milestoneChain(milestone))]
      for (index, (number, chain)) in chains.enumerated() {
        guard let chain else { continue }
        marks[2 * lane.rawValue + index] = Mark(
          lane: UInt64(lane.rawValue), number: number, chain: chain)
      }
    }
  }

  /// The number of a collective up to which the first rank of the host that has `board` has passed
  /// another thing than that of the host that sent this; nil: none is known.
  func difference(from board: HostBoard) -> UInt64? {
    (0..<marks.count).lazy.map { marks[$0] }.first { mark in
      guard mark.number > 0, let lane = Lane(rawValue: Int(truncatingIfNeeded: mark.lane)) else {
        return false
      }
      let ring = board.ring(lane, 0)
      let chain = ring.chain(mark.number) ?? ring.milestoneChain(mark.number)
      return chain.map { $0 != mark.chain } ?? false
    }?.number
  }
}
