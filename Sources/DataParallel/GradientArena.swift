package import Communication
import Kernels
package import TensorCore

/// One flat block for the gradients of many parameters, so that they travel between ranks without
/// packing.
///
/// In reverse order of declaration, because a backward pass finishes the last layers first. Every
/// gradient starts on a cache line; the gaps are zero. Behind the gradients is room for other
/// values that are summed along with them.
package struct GradientArena {
  /// All gradients and what is behind them, `[total]`.
  package let values: Tensor
  /// The elements behind the gradients.
  package let tail: Range<Int>
  /// The window that `values` lies in, seen by all ranks; nil where memory is not shared.
  package let window: SharedWindow?
  /// Where in a rank's part of the window the counters are, in bytes.
  let counterOffset: Int

  /// Lays out the gradients of `leaves` and makes each accumulate into its part. Collective over
  /// `world`.
  ///
  /// - Parameters:
  ///   - tailCount: how many elements to keep behind the gradients.
  ///   - counterCount: how many counters each rank gets in the window.
  package init(
    for leaves: [Leaf], over world: any Communicator, tailCount: Int = 0, counterCount: Int = 0
  ) {
    let (offsets, gradients) = Self.offsets(of: leaves.map(\.shape.elementCount))
    let total = gradients + Self.padded(tailCount)
    let bytes = total * MemoryLayout<Float>.size
    counterOffset = bytes
    window = world.makeSharedWindow(byteCount: bytes + counterCount * MemoryLayout<Int>.size)
    let storage = window.map {
      Storage($0.parts[world.localRank], byteCount: bytes, ownedBy: $0)
    }
    values = Tensor(
      storage: storage ?? Storage(byteCount: bytes), dtype: .float32, shape: [total], strides: [1],
      offset: 0)
    tail = gradients..<total
    values.fill(0)
    for (leaf, offset) in zip(leaves, offsets) {
      let slot = values.alias(
        shape: leaf.shape, strides: leaf.shape.contiguousStrides, offset: offset)
      if let gradient = leaf.gradient {
        slot.assign(gradient)
        leaf.gradient = slot
      }
      leaf.slot = slot
    }
  }

  /// Where parameters of `counts` elements lie, and how many elements their gradients take.
  package static func offsets(of counts: [Int]) -> (offsets: [Int], total: Int) {
    var total = 0
    var offsets = Array(repeating: 0, count: counts.count)
    for index in counts.indices.reversed() {
      offsets[index] = total
      total += padded(counts[index])
    }
    return (offsets, total)
  }

  /// `count` elements, rounded up to whole cache lines.
  package static func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  /// The first of `values`.
  var start: UnsafeMutablePointer<Float> { values.pointer(Float.self) }
}
