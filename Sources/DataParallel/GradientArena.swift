import Elements
package import TensorCore

/// One block for the gradients of many parameters, so that they travel between ranks without packing.
///
/// Behind the gradients is room for other values that are summed along with them. Gaps are zero.
package struct GradientArena {
  package let storage: Storage

  /// Clears `storage`, and makes each of `leaves` accumulate into its slot.
  package init(_ slots: [Stretch], for leaves: [Leaf], in storage: Storage) {
    self.storage = storage
    storage.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: storage.byteCount)
    for (leaf, place) in zip(leaves, slots) {
      let slot = Tensor(
        storage: storage, dtype: place.dtype, shape: leaf.shape,
        strides: leaf.shape.contiguousStrides, offset: place.start / place.dtype.size)
      if let gradient = leaf.gradient {
        slot.assign(gradient)
        leaf.gradient = slot
      }
      leaf.slot = slot
    }
  }

  /// The numbers of `stretch`.
  package func numbers(_ stretch: Stretch) -> Numbers { Numbers(stretch, of: storage.pointer) }
}
