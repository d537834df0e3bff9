import Communication
import Kernels
import TensorCore

/// How gradients travel, as the user wants it.
struct TravelOptions {
  /// Gradients travel in groups of about this size.
  var bucketBytes: Int
  /// What wider gradients are rounded to while they travel; nil: nothing.
  var wireType: DType?
  var overlap: CommunicationOverlap
  var isReproducible: Bool
}

/// Where everything is that travels, and how it does.
///
/// Behind the gradients lies one number for each parameter, by which all ranks learn which
/// parameters any of them has used, the loss, and the changes of buffers. They are a bucket of their
/// own, the last.
final class GradientLayout {
  let arena: GradientArena
  let plan: BucketPlan
  /// All buckets at their place in the arena.
  let buckets: [Numbers]
  /// How many of them, the first, are gradients'.
  var gradientBuckets: Int { plan.buckets.count }
  let wire: Wire
  let exchange: any GradientExchange
  /// In reproducible mode, the sums over micro-batches.
  let partials: PartialSums?
  /// Each parameter's place in the order of declaration.
  let indices: [ObjectIdentifier: Int]
  private let leaves: [WeakLeaf]
  private let tail: Stretch

  private struct WeakLeaf {
    weak var leaf: Leaf?
  }

  /// Collective over `world`.
  init(
    _ leaves: [Leaf], bufferCount: Int, _ options: TravelOptions, over world: any Communicator
  ) {
    plan = BucketPlan(
      leaves.map { ($0.shape.elementCount, $0.dtype) }, bucketBytes: options.bucketBytes)
    tail = Stretch(
      .float32, start: plan.byteCount,
      count: BucketPlan.padded(leaves.count + 1 + bufferCount, .float32))
    let stretches = plan.buckets.map(\.stretch) + [tail]
    let wire = Wire(stretches, narrowing: world.size > 1 ? options.wireType : nil)
    self.wire = wire
    let isLocal = world.isOneHost || !options.isReproducible
    let window =
      isLocal ? world.makeSharedWindow(byteCount: SharedMemoryExchange.byteCount(wire)) : nil
    let own = window.map {
      Storage($0.parts[world.localRank], byteCount: wire.byteCount, ownedBy: $0)
    }
    arena = GradientArena(
      plan.slots, for: leaves,
      in: (wire.isArena ? own : nil) ?? Storage(byteCount: tail.end))
    buckets = stretches.map(arena.numbers)
    partials =
      options.isReproducible
      ? PartialSums(stretches, isShared: window != nil, over: world) : nil
    indices = Dictionary(
      uniqueKeysWithValues: leaves.enumerated().map { (ObjectIdentifier($1), $0) })
    self.leaves = leaves.map(WeakLeaf.init)
    let memory = wire.isArena ? arena.storage : own ?? Storage(byteCount: wire.byteCount)
    let inner = Self.makeExchange(wire, memory, window, partials, buckets, options.overlap, world)
    let travelling = wire.stretches.map { Numbers($0, of: memory.pointer) }
    exchange = wire.isArena ? inner : ConvertingExchange(buckets, travelling, inner, in: memory)
  }

  private static func makeExchange(
    _ wire: Wire, _ memory: Storage, _ window: SharedWindow?, _ partials: PartialSums?,
    _ buckets: [Numbers], _ overlap: CommunicationOverlap, _ world: any Communicator
  ) -> any GradientExchange {
    if let window {
      return SharedMemoryExchange(
        wire, in: window, over: world, overlap: overlap, sum: partials.map { $0.sum })
    }
    if let partials { return MessageExchange { partials.sumByMessages(into: buckets) } }
    if world.size == 1 { return SoloExchange() }
    return MessageExchange(wire.stretches, of: memory.pointer, over: world)
  }

  /// For each parameter, in the order of declaration, how many ranks have a gradient of it; before
  /// the exchange, whether this one has.
  var usage: UnsafeMutablePointer<Float> {
    (arena.storage.pointer + tail.start).assumingMemoryBound(to: Float.self)
  }

  /// What the passes' losses add up to, each with its weight.
  var loss: UnsafeMutablePointer<Float> { usage + leaves.count }

  /// What the passes have changed each value of the buffers by.
  var bufferChanges: UnsafeMutablePointer<Float> { loss + 1 }

  /// Sets what is behind the gradients to zero.
  func clearTail() { usage.update(repeating: 0, count: tail.count) }

  /// Makes the gradients of a bucket zero that this rank has none of; another may have.
  func clearMissingGradients(of bucket: Int) {
    guard bucket < gradientBuckets else { return }
    for place in plan.buckets[bucket].gradients {
      guard let leaf = leaves[place].leaf, leaf.gradient == nil else { continue }
      leaf.slot?.fill(0)
    }
  }
}
