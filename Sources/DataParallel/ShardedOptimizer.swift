public import Communication
public import Optimizers
import TensorCore

extension Optimizer {
  /// Shares the optimiser's state out over the ranks of `world`: each keeps that of a part of the
  /// parameters, changes these in `step()`, and sends them to the others (Rajbhandari et al., 2020,
  /// "ZeRO", stage 1).
  ///
  /// Results are the same bits as without. Memory for state, such as Adam's two moments and Float32
  /// copies of Float16 parameters, is divided by the number of ranks, as far as whole parameters can
  /// be shared out evenly. Each step takes a broadcast for every parameter in exchange.
  ///
  /// Call it on all ranks after `averageGradients(over:)`, before the first step and before a
  /// state is loaded, which may be the state of any number of ranks; otherwise it stops the program.
  /// In a job of one rank it does nothing.
  public func shardState(over world: any Communicator) {
    guard world.size > 1 else { return }
    let memory = memory
    let owners = ownersOfParameters(parameters.map(\.count), ranks: world.size)
    memory.divide(
      OptimizerMemory.Division(isOwned: owners.map { $0 == world.rank }) { [unowned memory] in
        for (parameter, owner) in zip(memory.parameters, owners) {
          world.broadcast(parameter.bytes, from: owner)
        }
      })
  }

  /// The whole state of an optimiser that `shardState(over:)` has shared out, on every rank;
  /// collective. Otherwise, the state.
  public func gatherState(over world: any Communicator) -> OptimizerState {
    gatherState(over: world, naming: indexed)
  }

  /// As `gatherState(over:)`, with parameters named as in `names`, which must have them all.
  ///
  /// Tensors that other ranks keep are copies, the others share the optimiser's memory.
  public func gatherState(
    over world: any Communicator, naming names: NamedParameters
  ) -> OptimizerState {
    guard memory.division != nil else { return state(naming: names) }
    let owners = ownersOfParameters(parameters.map(\.count), ranks: world.size)
    return state(naming: names) { name, index in
      let tensor =
        memory.tensor(name, of: index)
        ?? Tensor(uninitialized: memory.parameters[index].shape)
      world.broadcast(tensor.bytes, from: owners[index])
      return tensor
    }
  }
}

/// The rank that keeps the state of each of the parameters of `counts` elements: the largest come
/// first, each to the rank that has least.
package func ownersOfParameters(_ counts: [Int], ranks: Int) -> [Int] {
  var owners = Array(repeating: 0, count: counts.count)
  var loads = Array(repeating: 0, count: ranks)
  // The index decides between equal sizes, so that all ranks share out alike.
  for index in counts.indices.sorted(by: { (counts[$1], $0) < (counts[$0], $1) }) {
    let rank = loads.indices.min { loads[$0] < loads[$1] } ?? 0
    owners[index] = rank
    loads[rank] += counts[index]
  }
  return owners
}
