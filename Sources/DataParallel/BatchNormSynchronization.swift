public import Communication
import Diagnostics
public import NeuralNet

extension Module {
  /// Makes all batch normalisation in this module use the statistics of all ranks' samples, as
  /// PyTorch's `SyncBatchNorm` does: for batches so small that a rank's own mean little.
  ///
  /// Every such layer then exchanges a few numbers in the forward and in the backward pass, and waits
  /// for the slowest rank twice. All ranks must make the same passes; a rank may have no samples.
  /// Parameters, buffers and their names stay as they are. A later call replaces this one's ranks.
  /// Stops the program if nothing in the module is a `BatchNorm`.
  public func synchronizeBatchNorm(over world: any Communicator) {
    let layers = modules().compactMap { $0 as? BatchNorm }
    check(
      !layers.isEmpty, "synchronizeBatchNorm: there is no BatchNorm in this \(type(of: self))")
    for layer in layers { layer.sumOverRanks = world.size > 1 ? { world.sum($0) } : nil }
  }

  /// Whether any batch normalisation uses the samples of several ranks.
  var sharesBatchStatistics: Bool {
    modules().contains { ($0 as? BatchNorm)?.sumOverRanks != nil }
  }
}
