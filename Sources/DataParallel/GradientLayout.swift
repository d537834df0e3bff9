import Communication
import Kernels
import TensorCore

/// Where everything is that travels, and how it does.
///
/// Behind the gradients lies one number for each parameter, by which all ranks learn which
/// parameters any of them has used, and the changes of buffers. They are a bucket of their own, the
/// last.
final class GradientLayout {
  let arena: GradientArena
  /// The buckets of the gradients.
  let plan: BucketPlan
  /// The elements of all buckets, the last of which is no gradients'.
  let buckets: [Range<Int>]
  let exchange: any GradientExchange
  /// In reproducible mode, the sums over micro-batches.
  let partials: PartialSums?
  /// Each parameter's place in the order of declaration.
  let indices: [ObjectIdentifier: Int]
  /// The bucket of each parameter, in the order of declaration.
  let bucketOfParameter: [Int]
  private let leaves: [WeakLeaf]
  private let bufferCount: Int

  private struct WeakLeaf {
    weak var leaf: Leaf?
  }

  /// Collective over `world`.
  init(
    _ leaves: [Leaf], bufferCount: Int, bucketSize: Int, isReproducible: Bool,
    over world: any Communicator
  ) {
    let sizes = leaves.map { GradientArena.padded($0.shape.elementCount) }
    plan = BucketPlan(sizes: sizes.reversed(), bucketSize: bucketSize)
    let arena = GradientArena(
      for: leaves, over: world, tailCount: leaves.count + bufferCount,
      counterCount: SharedMemoryExchange.counterCount(plan.buckets.count + 1))
    self.arena = arena
    let partials =
      isReproducible
      ? PartialSums(count: arena.values.count, isShared: arena.window != nil, over: world) : nil
    self.partials = partials
    buckets = plan.buckets.map(\.elements) + [arena.tail]
    bucketOfParameter = plan.bucketOfGradient.reversed()
    indices = Dictionary(
      uniqueKeysWithValues: leaves.enumerated().map { (ObjectIdentifier($1), $0) })
    self.leaves = leaves.map(WeakLeaf.init)
    self.bufferCount = bufferCount
    if let window = arena.window {
      exchange = SharedMemoryExchange(
        arena, in: window, buckets: buckets, rank: world.localRank, sum: partials.map { $0.sum })
    } else if let partials {
      exchange = MessageExchange { partials.sumByMessages(into: arena.start) }
    } else if world.size > 1 {
      exchange = MessageExchange {
        world.allReduce(
          UnsafeMutableBufferPointer(start: arena.start, count: arena.values.count), .sum)
      }
    } else {
      exchange = SoloExchange()
    }
  }

  /// For each parameter, in the order of declaration, how many ranks have a gradient of it; before
  /// the exchange, whether this one has.
  var usage: UnsafeMutablePointer<Float> { arena.start + arena.tail.lowerBound }

  /// What the passes have changed each value of the buffers by.
  var bufferChanges: UnsafeMutablePointer<Float> { usage + leaves.count }

  /// Sets what is behind the gradients to zero.
  func clearTail() { usage.update(repeating: 0, count: arena.tail.count) }

  /// Makes the gradients of a bucket zero that this rank has none of; another may have.
  func clearMissingGradients(of bucket: Int) {
    guard bucket < plan.buckets.count else { return }
    for place in plan.buckets[bucket].gradients {
      guard let leaf = leaves[leaves.count - 1 - place].leaf, leaf.gradient == nil else { continue }
      leaf.slot?.fill(0)
    }
  }
}
