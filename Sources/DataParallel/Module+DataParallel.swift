public import Communication
import Diagnostics
public import NeuralNet
import Kernels
import TensorCore

extension Module {
  /// Trains this module on all ranks of `world` together.
  ///
  /// Rank 0's parameters and buffers are copied to all ranks. From then on `backward()` returns
  /// with gradients that are averaged over the samples of all ranks: weighted by the shares that a
  /// `DataLoader` sharded over `world` hands out, or equally where there is none. Nothing is
  /// wrapped: parameters keep their names, and with one rank the program is an ordinary one.
  ///
  /// From time to time the parameters of all ranks are compared, see
  /// `GradientReducer.comparisonInterval`.
  ///
  /// To be called by all ranks, before training. Stops with status 76 if the ranks' models differ
  /// in a name, type or shape.
  @discardableResult
  public func averageGradients(over world: any Communicator) -> GradientReducer {
    requireEqualModels(world)
    for (name, tensor) in namedTensors() {
      check(
        tensor.isContiguous, "averageGradients: \(name) of shape \(tensor.shape) is a strided view")
      tensor.storage.markWritten(by: "averageGradients")
      world.broadcast(
        UnsafeMutableRawBufferPointer(
          start: tensor.storage.pointer + tensor.offset * tensor.dtype.size,
          count: tensor.count * tensor.dtype.size),
        from: 0)
    }
    let reducer = GradientReducer(parameters(), over: world)
    reducer.driftCheck = DriftCheck(namedParameters(), over: world)
    return reducer
  }

  private func requireEqualModels(_ world: any Communicator) {
    let facts = namedTensors().enumerated().map { index, item in
      (name: "tensor \(index)", value: "\(item.name) \(item.tensor.dtype) \(item.tensor.shape)")
    }
    world.requireEqual(facts, of: "averageGradients: the models")
  }
}
