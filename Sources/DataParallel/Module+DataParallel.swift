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
  /// To be called by all ranks, before training. Stops if the ranks' models differ in a name or
  /// shape.
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
    return GradientReducer(parameters(), over: world)
  }

  private func requireEqualModels(_ world: any Communicator) {
    let mine = namedTensors().map { "\($0.name) \($0.tensor.dtype) \($0.tensor.shape)" }
    let all = world.gather(mine.joined(separator: "\n")).map { $0.split(separator: "\n") }
    for (rank, other) in all.enumerated() where other != all[0] {
      let index = zip(other, all[0]).enumerated().first { $1.0 != $1.1 }?.offset
      let position = index ?? min(other.count, all[0].count)
      let here = position < other.count ? other[position] : "nothing"
      let root = position < all[0].count ? all[0][position] : "nothing"
      stop(
        """
        averageGradients: the models differ: tensor \(position) is \(here) on rank \(rank) and \
        \(root) on rank 0
        """, status: .ranksDisagree)
    }
  }
}
