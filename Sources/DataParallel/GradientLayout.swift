import Communication
import Elements
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

/// Where everything is that travels: the buckets of gradients in one block of memory, and behind them
/// a bucket of its own, the tail.
final class GradientLayout {
  let arena: GradientArena
  let plan: BucketPlan
  /// All buckets at their place in the arena.
  let buckets: [Numbers]
  let tail: LayoutTail
  /// In reproducible mode, the sums over micro-batches.
  let partials: PartialSums?
  let exchange: any GradientExchange
  /// Each parameter's place in the order of declaration.
  let indices: [ObjectIdentifier: Int]
  private let leaves: [WeakLeaf]

  private struct WeakLeaf {
    weak var leaf: Leaf?
  }

  /// How many buckets, the first, are gradients'.
  var gradientBuckets: Int { plan.buckets.count }

  /// Collective over `world`.
  init(
    _ leaves: [Leaf], bufferCount: Int, _ options: TravelOptions, over world: any Communicator
  ) {
    plan = BucketPlan(
      leaves.map { ($0.shape.elementCount, $0.dtype) }, bucketBytes: options.bucketBytes)
    let end = Stretch(
      .float32, start: plan.byteCount,
      count: BucketPlan.padded(LayoutTail.fixedCount + leaves.count + bufferCount, .float32))
    let stretches = plan.buckets.map(\.stretch) + [end]
    let wire = Wire(stretches, narrowing: world.size > 1 ? options.wireType : nil)
    let road = Road(wire, options, over: world)
    arena = GradientArena(
      plan.slots, for: leaves, in: wire.isArena ? road.memory : Storage(byteCount: end.end))
    buckets = stretches.map(arena.numbers)
    tail = LayoutTail(buckets[buckets.count - 1])
    partials =
      options.isReproducible
      ? PartialSums(stretches, isShared: road.window != nil, over: world) : nil
    exchange = road.exchange(of: buckets, partials)
    indices = Dictionary(
      uniqueKeysWithValues: leaves.enumerated().map { (ObjectIdentifier($1), $0) })
    self.leaves = leaves.map(WeakLeaf.init)
  }

  /// See `LayoutTail.usage`.
  var usage: UnsafeMutablePointer<Float> { tail.usage }

  /// What the passes have changed each value of the buffers by, times their samples.
  var bufferChanges: UnsafeMutablePointer<Float> { usage + leaves.count }

  /// Sets what is behind the gradients to zero.
  func clearTail() {
    let numbers = buckets[buckets.count - 1]
    numbers.start.initializeMemory(
      as: UInt8.self, repeating: 0, count: numbers.count * numbers.dtype.size)
  }

  /// Makes the gradients of a bucket zero that this rank has none of; another may have.
  func clearMissingGradients(of bucket: Int) {
    guard bucket < gradientBuckets else { return }
    for place in plan.buckets[bucket].gradients {
      guard let leaf = leaves[place].leaf, leaf.gradient == nil else { continue }
      leaf.slot?.fill(0)
    }
  }
}

/// The memory that buckets travel in, and the exchange that fits it.
private struct Road {
  let wire: Wire
  let memory: Storage
  let window: SharedWindow?
  private let overlap: CommunicationOverlap
  private let world: any Communicator

  /// Collective over `world`.
  init(_ wire: Wire, _ options: TravelOptions, over world: any Communicator) {
    let mayShare = world.isOneHost || !options.isReproducible
    let window =
      mayShare ? world.makeSharedWindow(byteCount: SharedMemoryExchange.byteCount(wire)) : nil
    memory =
      window.map { Storage($0.parts[world.localRank], byteCount: wire.byteCount, ownedBy: $0) }
      ?? Storage(byteCount: wire.byteCount)
    self.wire = wire
    self.window = window
    overlap = options.overlap
    self.world = world
  }

  /// What makes means of `buckets`, which are stored as they travel or converted on the way.
  func exchange(of buckets: [Numbers], _ partials: PartialSums?) -> any GradientExchange {
    let traveling = wire.stretches.map { Numbers($0, of: memory.pointer) }
    let inner: any GradientExchange =
      if let window {
        SharedMemoryExchange(wire, in: window, over: world, overlap: overlap, adding: partials)
      } else if let partials {
        MessageExchange { _ in partials.averageByMessages(into: buckets) }
      } else if world.size == 1 {
        SoloExchange(buckets)
      } else {
        MessageExchange(wire.stretches, of: memory.pointer, over: world)
      }
    return wire.isArena ? inner : ConvertingExchange(buckets, traveling, inner, in: memory)
  }
}
