import CKernels
package import Communication
import Elements
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
/// Means are made where sums are written: by what all ranks' passes weigh, which each rank has written
/// behind its buckets before it publishes the first of them.
///
/// On several hosts a slice is first summed into its owner's own part, then over the owners of the
/// same slice on all hosts (`NetworkStage`). The last bucket crosses last and brings what all passes
/// weigh; then the others are divided and written to all parts.
///
/// Every number is computed in Float32 by one rank of a host, in an order that is fixed, so all
/// ranks hold the same bits.
package final class SharedMemoryExchange: GradientExchange {
  private typealias Counters = UnsafeMutablePointer<Atomic<Int>>

  private let window: SharedWindow
  private let rank: Int
  /// The ranks of a host among whom the numbers of a bucket are divided.
  private let owners: Int
  private let reproducible: PartialSums?
  /// The buckets of each rank of the host.
  private let parts: [[Numbers]]
  /// For each bucket of Float32 whose sums are plain, where each rank has it; otherwise nothing.
  private let plain: [[UnsafeMutablePointer<Float>]]
  /// For each rank, what its passes weigh in this round.
  private let weights: [UnsafeMutablePointer<Double>]
  /// For each rank, the last round in which it published each bucket, and summed its slice of it.
  private let published: [Counters]
  private let summed: [Counters]
  private var network: NetworkStage?
  private var round = 1
  /// What the sums of the round are divided by; nil: not known yet.
  private var divisor: Double?
  /// What those of the last round were.
  package private(set) var total = 1.0
  /// What this rank has published but not summed.
  private var open: [Int] = []

  /// The bytes of a window for `wire`.
  package static func byteCount(_ wire: Wire) -> Int {
    wire.byteCount + 2 * wire.stretches.count * MemoryLayout<Int>.size + MemoryLayout<Double>.size
  }

  /// An exchange in `window`, which was made for `wire` and is zero. The ranks' values are added in the
  /// order of the ranks.
  package convenience init(
    _ wire: Wire, in window: SharedWindow, over world: any Communicator,
    overlap: CommunicationOverlap = .automatic
  ) {
    self.init(wire, in: window, over: world, overlap: overlap, adding: nil)
  }

  /// The same; with `reproducible`, the sums over micro-batches are added in the order of their tree.
  init(
    _ wire: Wire, in window: SharedWindow, over world: any Communicator,
    overlap: CommunicationOverlap, adding reproducible: PartialSums?
  ) {
    self.window = window
    self.reproducible = reproducible
    rank = world.localRank
    owners = world.leastLocalSize
    parts = window.parts.map { part in wire.stretches.map { Numbers($0, of: part) } }
    plain = wire.stretches.map { stretch in
      guard reproducible == nil, stretch.dtype == .float32 else { return [] }
      return window.parts.map { ($0 + stretch.start).assumingMemoryBound(to: Float.self) }
    }
    published = window.parts.map {
      ($0 + wire.byteCount).assumingMemoryBound(to: Atomic<Int>.self)
    }
    summed = published.map { $0 + wire.stretches.count }
    weights = summed.map {
      UnsafeMutableRawPointer($0 + wire.stretches.count).assumingMemoryBound(to: Double.self)
    }
    if !world.isOneHost {
      network = NetworkStage(wire.stretches.count, over: world, overlap) { [unowned self] in
        cross(bucket: $0, world)
      }
    }
  }

  package func begin(weight: Double, total: Double?) {
    window.requireOpen("averageGradients")
    weights[rank].pointee = weight
    divisor = total
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
    if let network {
      network.finish()
      deliver()
    }
    for index in parts[rank].indices {
      window.wait(for: summed.map { $0 + index }, toReach: round)
    }
    total = divisor ?? LayoutTail(parts[rank][last]).weight
    divisor = nil
    round += 1
    network?.roundDidEnd()
  }

  /// The last bucket, whose sums are wanted as they are.
  private var last: Int { plain.count - 1 }

  /// What the sums of bucket `index` are multiplied by on a host that is the only one. Every rank has
  /// published a bucket, so its passes have begun, and what they weigh is written.
  private func factor(_ index: Int) -> Float {
    guard index != last else { return 1 }
    let total =
      divisor ?? reproducible?.totalWeight() ?? weights.reduce(0) { $0 + $1.pointee }
    divisor = total
    return meanFactor(total)
  }

  /// The numbers of a bucket that this rank sums.
  private func ownSlice(_ index: Int) -> Range<Int> {
    let all = 0..<parts[rank][index].count
    return rank < owners ? slice(rank, of: all, count: owners) : all.upperBound..<all.upperBound
  }

  /// Memory moved: one read and one write of the bucket, whatever the number of ranks.
  private func sumSlice(of index: Int) {
    let plain = plain[index]
    let factor = network == nil ? factor(index) : 1
    if !plain.isEmpty {
      let range = ownSlice(index)
      let targets = network == nil ? plain : [plain[rank]]
      if parts.count > 1 || factor != 1 {
        lk_sum_parts(
          range.count, range.lowerBound, plain, plain.count, factor, targets, targets.count)
      }
    } else if parts.count > 1 || factor != 1 {
      let targets = network == nil ? parts : [parts[rank]]
      forEachBlock(of: ownSlice(index)) { block, room in
        if let reproducible {
          reproducible.sum(index, block, room)
        } else {
          addInRankOrder(index, block, room)
        }
        if factor != 1 { lk_scale(block.count, room, 1, room, 1, factor, 0) }
        for part in targets { part[index].write(block, room) }
      }
    }
    if let network {
      network.submit(index)
    } else {
      summed[rank][index].store(round, ordering: .releasing)
    }
  }

  /// Puts the sums of a block over the ranks of the host into `room`.
  private func addInRankOrder(
    _ index: Int, _ block: Range<Int>, _ room: UnsafeMutablePointer<Float>
  ) {
    let spare = room + blockSize
    let first = parts[0][index].read(block, room)
    if first != UnsafePointer(room) { room.update(from: first, count: block.count) }
    for part in parts.dropFirst() {
      lk_add(block.count, room, 1, room, 1, part[index].read(block, spare), 1)
    }
  }

  /// Sums this rank's slice of a bucket over all hosts. The last bucket is handed to the ranks of this
  /// host at once: they need what it says to divide the others. Blocking; in the order of the buckets
  /// on all ranks.
  private func cross(bucket index: Int, _ world: any Communicator) {
    let own = parts[rank][index]
    let range = ownSlice(index)
    own.sumAcrossHosts(range, over: world)
    guard index == last else { return }
    for (other, part) in parts.enumerated() where other != rank {
      part[index].bytes(range).copyMemory(from: UnsafeRawBufferPointer(own.bytes(range)))
    }
    summed[rank][index].store(round, ordering: .releasing)
  }

  /// Makes means of this rank's slices of all buckets and hands them to the ranks of this host.
  private func deliver() {
    // The rank of this host that has the beginning of the last bucket.
    window.wait(for: [summed[0] + last], toReach: round)
    let factor = meanFactor(divisor ?? LayoutTail(parts[rank][last]).weight)
    for index in 0..<last {
      let range = ownSlice(index)
      if !plain[index].isEmpty {
        let own = [plain[index][rank]]
        let targets = factor == 1 ? plain[index].filter { $0 != own[0] } : plain[index]
        lk_sum_parts(range.count, range.lowerBound, own, 1, factor, targets, targets.count)
      } else {
        forEachBlock(of: range) { block, room in
          lk_scale(block.count, room, 1, parts[rank][index].read(block, room), 1, factor, 0)
          for part in parts { part[index].write(block, room) }
        }
      }
      summed[rank][index].store(round, ordering: .releasing)
    }
  }
}
