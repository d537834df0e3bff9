import CKernels
package import Communication
import Kernels
import Synchronization

/// Sums in memory that the ranks of a host share, bucket by bucket while the backward pass goes on;
/// on several hosts, then across them.
///
/// A rank that publishes a bucket raises a counter. Whoever finds, while it computes, that all
/// ranks of the host have published one sums its slice of it over all parts, writes the sums to all
/// parts, and raises a second counter. The round is finished when the second counters of all ranks
/// have been raised for all buckets: then nobody reads or writes this rank's part any more, and the
/// next round may begin without a barrier. Counters hold numbers of rounds and only grow.
///
/// On several hosts a slice is first summed into its owner's own part, then over the owners of the
/// same slice on all hosts (`NetworkStage`), and then written to all parts.
///
/// Every number is computed in Float32 by one rank of a host, in an order that is fixed, so all
/// ranks hold the same bits.
package final class SharedMemoryExchange: GradientExchange {
  private typealias Counters = UnsafeMutablePointer<Atomic<Int>>

  private let window: SharedWindow
  private let rank: Int
  /// The ranks of a host among whom the numbers of a bucket are divided.
  private let owners: Int
  private let sum: SliceSum?
  /// The buckets of each rank of the host.
  private let parts: [[Numbers]]
  /// For each bucket of Float32 whose sums are plain, where each rank has it; otherwise nothing.
  private let plain: [[UnsafeMutablePointer<Float>]]
  /// For each rank, the last round in which it published each bucket, and summed its slice of it.
  private let published: [Counters]
  private let summed: [Counters]
  private var network: NetworkStage?
  private var round = 1
  /// What this rank has published but not summed.
  private var open: [Int] = []

  /// The bytes of a window for `wire`.
  package static func byteCount(_ wire: Wire) -> Int {
    wire.byteCount + 2 * wire.stretches.count * MemoryLayout<Int>.size
  }

  /// Computes the sums over all ranks of a block of numbers of a bucket.
  package typealias SliceSum = (
    _ bucket: Int, _ block: Range<Int>, _ result: UnsafeMutablePointer<Float>
  ) -> Void

  /// An exchange in `window`, which was made for `wire` and is zero. Without `sum`, the ranks' values
  /// are added in the order of the ranks.
  package init(
    _ wire: Wire, in window: SharedWindow, over world: any Communicator,
    overlap: CommunicationOverlap = .automatic, sum: SliceSum? = nil
  ) {
    self.window = window
    self.sum = sum
    rank = world.localRank
    owners = world.leastLocalSize
    parts = window.parts.map { part in wire.stretches.map { Numbers($0, of: part) } }
    plain = wire.stretches.map { stretch in
      guard sum == nil, stretch.dtype == .float32 else { return [] }
      return window.parts.map { ($0 + stretch.start).assumingMemoryBound(to: Float.self) }
    }
    published = window.parts.map {
      ($0 + wire.byteCount).assumingMemoryBound(to: Atomic<Int>.self)
    }
    summed = published.map { $0 + wire.stretches.count }
    if !world.isOneHost {
      network = NetworkStage(wire.stretches.count, over: world, overlap) { [unowned self] in
        cross(bucket: $0, world)
      }
    }
  }

  package func publish(_ index: Int) {
    published[rank][index].store(round, ordering: .releasing)
    open.append(index)
  }

  package func progress() {
    open.removeAll { index in
      let isReady = published.allSatisfy { $0[index].load(ordering: .acquiring) >= round }
      if isReady { sumSlice(of: index) }
      return isReady
    }
  }

  package func finish() {
    progress()
    for index in open {
      window.wait(for: published.map { $0 + index }, toReach: round)
      sumSlice(of: index)
    }
    open = []
    network?.finish()
    for index in parts[rank].indices {
      window.wait(for: summed.map { $0 + index }, toReach: round)
    }
    round += 1
    network?.roundDidEnd()
  }

  /// The numbers of a bucket that this rank sums.
  private func ownSlice(_ index: Int) -> Range<Int> {
    let all = 0..<parts[rank][index].count
    return rank < owners ? slice(rank, of: all, count: owners) : all.upperBound..<all.upperBound
  }

  /// Memory moved: one read and one write of the bucket, whatever the number of ranks.
  private func sumSlice(of index: Int) {
    let plain = plain[index]
    if parts.count > 1, !plain.isEmpty {
      let range = ownSlice(index)
      let targets = network == nil ? plain : [plain[rank]]
      lk_sum_parts(
        range.count, range.lowerBound, plain, plain.count, targets, targets.count)
    } else if parts.count > 1 {
      let targets = network == nil ? parts : [parts[rank]]
      forEachBlock(of: ownSlice(index)) { block, room in
        if let sum { sum(index, block, room) } else { addInRankOrder(index, block, room) }
        for part in targets { part[index].write(block, room) }
      }
    }
    if let network {
      network.submit(index)
    } else {
      summed[rank][index].store(round, ordering: .releasing)
    }
  }

  private func addInRankOrder(
    _ index: Int, _ block: Range<Int>, _ room: UnsafeMutablePointer<Float>
  ) {
    let spare = room + blockSize
    var sum = parts[0][index].read(block, room)
    for part in parts.dropFirst() {
      lk_add(block.count, room, 1, sum, 1, part[index].read(block, spare), 1)
      sum = UnsafePointer(room)
    }
  }

  /// Sums this rank's slice of a bucket over all hosts and hands it to the ranks of this one.
  /// Blocking; in the order of the buckets on all ranks.
  private func cross(bucket index: Int, _ world: any Communicator) {
    let own = parts[rank][index]
    let range = ownSlice(index)
    let bytes = own.bytes(range)
    switch own.dtype {
    case .float16:
      world.allReduceAcrossHosts(bytes.assumingMemoryBound(to: Float16.self), of: own.count)
    default: world.allReduceAcrossHosts(bytes.assumingMemoryBound(to: Float.self), of: own.count)
    }
    for (other, part) in parts.enumerated() where other != rank {
      part[index].bytes(range).copyMemory(from: UnsafeRawBufferPointer(bytes))
    }
    summed[rank][index].store(round, ordering: .releasing)
  }
}
