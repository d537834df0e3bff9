package import Communication
import Kernels
package import TensorCore

/// One flat block for the gradients of many parameters, so that they travel between ranks without
/// packing.
///
/// In reverse order of declaration, because a backward pass finishes the last layers first. Every
/// gradient starts on a cache line; the gaps are zero.
package struct GradientArena {
  /// All gradients, `[total]`.
  package let values: Tensor
  /// The window that `values` lies in, seen by all ranks; nil where memory is not shared.
  let window: SharedWindow?

  /// Lays out the gradients of `leaves` and makes each accumulate into its part. Collective over
  /// `world`.
  package init(for leaves: [Leaf], over world: any Communicator) {
    let (offsets, total) = Self.offsets(of: leaves.map(\.shape.elementCount))
    let bytes = total * MemoryLayout<Float>.size
    window = world.makeSharedWindow(byteCount: bytes)
    let storage = window.map {
      Storage($0.parts[world.localRank], byteCount: bytes, ownedBy: $0)
    }
    values = Tensor(
      storage: storage ?? Storage(byteCount: bytes), dtype: .float32, shape: [total], strides: [1],
      offset: 0)
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

  /// Where parameters of `counts` elements lie, and how many elements the arena has.
  package static func offsets(of counts: [Int]) -> (offsets: [Int], total: Int) {
    var total = 0
    var offsets = Array(repeating: 0, count: counts.count)
    for index in counts.indices.reversed() {
      offsets[index] = total
      total += (counts[index] + 15) / 16 * 16
    }
    return (offsets, total)
  }
}
