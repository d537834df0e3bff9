import Parallel
import TensorCore

/// Parts of an epoch, one after another, prepared ahead by a thread.
final class BatchQueue {
  private let dataset: any Dataset
  private let epoch: Int
  /// The order of the samples; nil where it is that of the data.
  private let order: [Int]?
  /// The positions of the samples of each part, in the order they are handed out.
  private let parts: [Range<Int>]
  private let prefetching: Int
  /// The next part to prepare.
  private var upcoming = 0
  /// Parts that are prepared or in preparation, at most `prefetching`.
  private var pending: [UnfilledBatch] = []
  /// Fills the pending parts, in their order; nil where this thread does.
  private let worker: Worker?

  init(_ loader: DataLoader, epoch: Int, parts: [Range<Int>]) {
    dataset = loader.dataset
    self.epoch = epoch
    self.parts = parts
    prefetching = loader.prefetching
    order = loader.seed.map {
      SampleOrder.indices(count: loader.plan.datasetCount, seed: $0, epoch: epoch)
    }
    worker =
      loader.prefetching > 0 && parts.count > 1
      ? Worker(for: "DataLoader", instead: "use prefetching: 0") : nil
  }

  /// The next part, or nil after the last.
  func next() -> (Tensor, Tensor)? {
    if pending.isEmpty { prepareNext() }
    guard !pending.isEmpty else { return nil }
    worker?.wait()
    let batch = pending.removeFirst()
    if worker != nil {
      while pending.count < prefetching, upcoming < parts.count { prepareNext() }
    }
    return (batch.inputs, batch.targets)
  }

  /// Begins with the next part, if there is one; without a worker it is then ready.
  private func prepareNext() {
    guard upcoming < parts.count else { return }
    let positions = parts[upcoming]
    let indices = order.map { $0[positions] } ?? ArraySlice(positions)
    let batch = dataset.unfilledBatch(SampleSelection(indices, epoch: epoch))
    pending.append(batch)
    upcoming += 1
    if let worker { worker.submit(batch.fill) } else { batch.fill() }
  }

  // Before the tensors go that the worker may be writing to.
  deinit { worker?.finish() }
}
