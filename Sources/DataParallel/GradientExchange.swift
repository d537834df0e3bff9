import CKernels
import Communication
import Kernels
import TensorCore
import Synchronization

/// How the buckets of an arena become sums over all ranks.
///
/// In every round each rank publishes every bucket once, in any order, and then finishes. A
/// published bucket must not be touched until the round is finished.
protocol GradientExchange: AnyObject {
  /// Says that this rank's part of bucket `index` is complete.
  func publish(_ index: Int)
  /// Does what can be done without waiting for another rank.
  func progress()
  /// Returns when all buckets of all ranks hold the sums. To be called when all are published.
  func finish()
}

/// The exchange of a rank that is alone.
final class SoloExchange: GradientExchange {
  func publish(_ index: Int) {}
  func progress() {}
  func finish() {}
}

/// One message with all buckets at the end of the round: where ranks share no memory, and the
/// yardstick for what is done where they do.
final class MessageExchange: GradientExchange {
  private let arena: GradientArena
  private let world: any Communicator

  init(_ arena: GradientArena, over world: any Communicator) {
    self.arena = arena
    self.world = world
  }

  func publish(_ index: Int) {}
  func progress() {}

  func finish() {
    world.allReduce(
      UnsafeMutableBufferPointer(start: arena.start, count: arena.values.count), .sum)
  }
}

/// Sums in memory that all ranks share, bucket by bucket while the backward pass goes on.
///
/// A rank that publishes a bucket raises a counter. Whoever finds, while it computes, that all
/// ranks have published one sums its slice of it over all parts, writes the sums to all parts, and
/// raises a second counter. The round is finished when the second counters of all ranks have been
/// raised for all buckets: then nobody reads or writes this rank's part any more, and the next
/// round may begin without a barrier. Counters hold numbers of rounds and only grow.
///
/// Every element is computed by one rank, in the order of the ranks, so all ranks hold the same
/// bits, and for a given number of ranks always the same ones.
final class SharedMemoryExchange: GradientExchange {
  private typealias Counters = UnsafeMutablePointer<Atomic<Int>>

  private let window: SharedWindow
  private let rank: Int
  private let buckets: [Range<Int>]
  /// Each rank's values.
  private let parts: [UnsafeMutablePointer<Float>]
  /// For each rank, the last round in which it published each bucket, and summed its slice of it.
  private let published: [Counters]
  private let summed: [Counters]
  private var round = 1
  /// What this rank has published but not summed.
  private var open: [Int] = []

  /// The counters that each rank needs for so many buckets.
  static func counterCount(_ buckets: Int) -> Int { 2 * buckets }

  /// The window's counters must be zero.
  init(_ arena: GradientArena, in window: SharedWindow, buckets: [Range<Int>], rank: Int) {
    self.window = window
    self.rank = rank
    self.buckets = buckets
    parts = window.parts.map { $0.assumingMemoryBound(to: Float.self) }
    published = window.parts.map {
      ($0 + arena.counterOffset).assumingMemoryBound(to: Atomic<Int>.self)
    }
    summed = published.map { $0 + buckets.count }
  }

  func publish(_ index: Int) {
    published[rank][index].store(round, ordering: .releasing)
    open.append(index)
  }

  func progress() {
    open.removeAll { index in
      let isReady = published.allSatisfy { $0[index].load(ordering: .acquiring) >= round }
      if isReady { sumSlice(of: index) }
      return isReady
    }
  }

  func finish() {
    progress()
    for index in open {
      for counters in published { window.wait(for: counters + index, toReach: round) }
      sumSlice(of: index)
    }
    open = []
    for counters in summed {
      for index in buckets.indices { window.wait(for: counters + index, toReach: round) }
    }
    round += 1
  }

  /// Memory moved: one read and one write of the bucket, whatever the number of ranks.
  private func sumSlice(of index: Int) {
    let range = slice(rank, of: buckets[index], count: parts.count)
    forEachBlock(of: range) { block, sum in
      lk_add(block.count, sum, 1, parts[0] + block.lowerBound, 1, parts[1] + block.lowerBound, 1)
      for part in parts.dropFirst(2) {
        lk_add(block.count, sum, 1, sum, 1, part + block.lowerBound, 1)
      }
      for part in parts { (part + block.lowerBound).update(from: sum, count: block.count) }
    }
    summed[rank][index].store(round, ordering: .releasing)
  }
}

/// Piece `index` of `range` cut into `count` pieces of whole cache lines.
func slice(_ index: Int, of range: Range<Int>, count: Int) -> Range<Int> {
  let size = GradientArena.padded((range.count + count - 1) / count)
  let lower = min(range.upperBound, range.lowerBound + index * size)
  return lower..<min(range.upperBound, lower + size)
}

/// Calls `body` with the blocks of `range`, of a size that fits the first-level cache a few times,
/// and with room for as many values.
func forEachBlock(
  of range: Range<Int>, _ body: (_ block: Range<Int>, _ room: UnsafeMutablePointer<Float>) -> Void
) {
  let size = 4096
  withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { room in
    guard let room = room.baseAddress else { return }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: size) {
      body(start..<min(range.upperBound, start + size), room)
    }
  }
}
