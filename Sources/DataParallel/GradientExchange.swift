import CKernels
package import Communication
import Synchronization
import TensorCore

/// How the buckets of an arena become sums over all ranks.
///
/// In every round each rank publishes every bucket once, in any order, and then finishes. A
/// published bucket must not be touched until the round is finished.
package protocol GradientExchange: AnyObject {
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
  private let sum: () -> Void

  /// `sum` replaces all values by their sums; collective.
  init(sum: @escaping () -> Void) { self.sum = sum }

  func publish(_ index: Int) {}
  func progress() {}
  func finish() { sum() }
}

/// Sums in memory that all ranks share, bucket by bucket while the backward pass goes on.
///
/// A rank that publishes a bucket raises a counter. Whoever finds, while it computes, that all
/// ranks have published one sums its slice of it over all parts, writes the sums to all parts, and
/// raises a second counter. The round is finished when the second counters of all ranks have been
/// raised for all buckets: then nobody reads or writes this rank's part any more, and the next
/// round may begin without a barrier. Counters hold numbers of rounds and only grow.
///
/// Every element is computed by one rank, in an order that is fixed, so all ranks hold the same
/// bits.
package final class SharedMemoryExchange: GradientExchange {
  private typealias Counters = UnsafeMutablePointer<Atomic<Int>>

  private let window: SharedWindow
  private let rank: Int
  private let buckets: [Range<Int>]
  private let sum: SliceSum
  /// Each rank's values.
  private let parts: [UnsafeMutablePointer<Float>]
  /// For each rank, the last round in which it published each bucket, and summed its slice of it.
  private let published: [Counters]
  private let summed: [Counters]
  private var round = 1
  /// What this rank has published but not summed.
  private var open: [Int] = []

  /// The counters that each rank needs for so many buckets.
  package static func counterCount(_ buckets: Int) -> Int { 2 * buckets }

  /// Computes the sums over all ranks of a block of elements.
  package typealias SliceSum = (_ block: Range<Int>, _ result: UnsafeMutablePointer<Float>) -> Void

  /// The window's counters must be zero. Without `sum`, the ranks' values are added in the order of
  /// the ranks.
  package init(
    _ arena: GradientArena, in window: SharedWindow, buckets: [Range<Int>], rank: Int,
    sum: SliceSum? = nil
  ) {
    self.window = window
    self.rank = rank
    self.buckets = buckets
    let parts = window.parts.map { $0.assumingMemoryBound(to: Float.self) }
    self.parts = parts
    self.sum = sum ?? { addInRankOrder(parts, $0, into: $1) }
    published = window.parts.map {
      ($0 + arena.counterOffset).assumingMemoryBound(to: Atomic<Int>.self)
    }
    summed = published.map { $0 + buckets.count }
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
    for index in buckets.indices {
      window.wait(for: summed.map { $0 + index }, toReach: round)
    }
    round += 1
  }

  /// Memory moved: one read and one write of the bucket, whatever the number of ranks.
  private func sumSlice(of index: Int) {
    let range = slice(rank, of: buckets[index], count: parts.count)
    forEachBlock(of: range) { block, result in
      sum(block, result)
      for part in parts { (part + block.lowerBound).update(from: result, count: block.count) }
    }
    summed[rank][index].store(round, ordering: .releasing)
  }
}

private func addInRankOrder(
  _ parts: [UnsafeMutablePointer<Float>], _ block: Range<Int>,
  into result: UnsafeMutablePointer<Float>
) {
  let (size, start) = (block.count, block.lowerBound)
  lk_add(size, result, 1, parts[0] + start, 1, parts[1] + start, 1)
  for part in parts.dropFirst(2) { lk_add(size, result, 1, result, 1, part + start, 1) }
}

/// Piece `index` of `range` cut into `count` pieces of whole cache lines.
func slice(_ index: Int, of range: Range<Int>, count: Int) -> Range<Int> {
  let size = GradientArena.padded((range.count + count - 1) / count)
  let lower = min(range.upperBound, range.lowerBound + index * size)
  return lower..<min(range.upperBound, lower + size)
}

/// Elements that are worked on at a time: a few such blocks fit the first-level cache.
let blockSize = 4096

/// Calls `body` with the blocks of `range`, and with room for as many values.
func forEachBlock(
  of range: Range<Int>, _ body: (_ block: Range<Int>, _ room: UnsafeMutablePointer<Float>) -> Void
) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: blockSize) { room in
    guard let room = room.baseAddress else { return }
    for start in stride(from: range.lowerBound, to: range.upperBound, by: blockSize) {
      body(start..<min(range.upperBound, start + blockSize), room)
    }
  }
}
