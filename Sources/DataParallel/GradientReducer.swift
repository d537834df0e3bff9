import Communication
package import TensorCore

/// Averages the gradients of a model over the samples of all ranks at the end of every
/// `backward()`.
///
/// A rank's gradients are those of the mean loss over its own samples. Weighted by its share of the
/// global batch, they add up to the gradient of the mean over all samples, whatever the sizes of
/// the shares.
public final class GradientReducer {
  private let world: any Communicator
  private let arena: GradientArena
  /// Weak, because the leaves hold the reducer.
  private let leaves: [WeakLeaf]
  /// Whether the gradients in the arena are those of all ranks already.
  private var isAveraged = false

  /// Compares the parameters of all ranks; nil: nobody does.
  var driftCheck: DriftCheck?

  private struct WeakLeaf {
    weak var leaf: Leaf?
  }

  init(_ parameters: [Tensor], over world: any Communicator) {
    self.world = world
    let leaves = parameters.compactMap(\.leaf)
    arena = GradientArena(for: leaves, over: world)
    self.leaves = leaves.map(WeakLeaf.init)
    for leaf in leaves { leaf.observer = self }
  }
}

extension GradientReducer: GradientObserver {
  /// The share of this rank's samples in the global batch.
  package func backwardWillBegin() -> Float {
    driftCheck?.passWillBegin()
    world.note(.backward)
    keepAveragedGradientsOnce()
    guard let share = world.batchShare else { return 1 / Float(world.size) }
    return share.global == 0 ? 0 : Float(share.local) / Float(share.global)
  }

  /// Nothing yet: the arena travels whole, at the end of the pass.
  package func gradientIsReady(of leaf: Leaf) {}

  /// Sums the weighted gradients of all ranks.
  package func backwardDidEnd() {
    for case let leaf? in leaves.map(\.leaf) where leaf.gradient == nil {
      // This rank's loss did not reach the parameter; another rank's may have.
      leaf.slot?.fill(0)
      leaf.gradient = leaf.slot
    }
    arena.values.storage.markWritten(by: "averageGradients")
    if let window = arena.window {
      sumInSharedMemory(window, count: arena.values.count, rank: world.localRank)
    } else {
      world.allReduce(
        UnsafeMutableBufferPointer(
          start: arena.values.pointer(Float.self), count: arena.values.count),
        .sum)
    }
    isAveraged = true
    world.note(.update)
  }

  /// Nothing: gradients are final when `backward()` returns.
  package func completeGradients() {}

  /// Where gradients of an earlier pass were kept to be added to, they are the same on all ranks:
  /// one rank brings them into the sum.
  private func keepAveragedGradientsOnce() {
    guard isAveraged, !world.isRoot else { return }
    for case let leaf? in leaves.map(\.leaf) where leaf.gradient != nil { leaf.gradient?.fill(0) }
  }
}
