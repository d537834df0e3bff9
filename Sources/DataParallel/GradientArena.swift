package import TensorCore

/// One flat block for the gradients of many parameters, so that they travel between ranks without packing.
///
/// In reverse order of declaration, because a backward pass finishes the last layers first. Every gradient starts on
/// a cache line; the gaps are zero.
package struct GradientArena {
  /// All gradients, `[total]`.
  package let values: Tensor

  /// Lays out the gradients of `leaves` and makes each accumulate into its part.
  package init(for leaves: [Leaf]) {
    let (offsets, total) = Self.offsets(of: leaves.map(\.shape.elementCount))
    values = .zeros([total])
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
