import Communication
import Diagnostics
import Steps
import TensorCore

/// What a reducer notices of mistakes that compute all the same, and says once.
struct ReducerWarnings {
  private let world: any Communicator
  private var hasNamedUnused = false
  private var hasJudgedLoss = false
  private var hasJudgedLoader = false
  private var unshardedBatches = UnshardedBatches.count
  private var order: EpochOrder?

  init(_ world: any Communicator) { self.world = world }

  /// Looks at a pass over `share` of a batch; `isWhole` where it is all of a step.
  mutating func passWillBegin(_ loss: PassLoss, _ share: BatchShare?, isWhole: Bool) {
    if loss.combination == .other, !isWhole { warnAboutLoss() }
    let batches = UnshardedBatches.count
    if share == nil, world.size > 1, batches != unshardedBatches { warnAboutLoader() }
    unshardedBatches = batches
  }

  private mutating func warnAboutLoss() {
    guard !hasJudgedLoss else { return }
    hasJudgedLoss = true
    warn(
      """
      backward: the loss is computed from a mean by more than sums and multiples, and a step has \
      several parts: its gradient is the mean of what each part's own mean gives, not that of the mean \
      over the whole batch
      """)
  }

  private mutating func warnAboutLoader() {
    guard !hasJudgedLoader else { return }
    hasJudgedLoader = true
    warn(
      """
      averageGradients: the batches come from a DataLoader that is not sharded: unless each rank has \
      data of its own, all \(world.size) ranks do the same work; give the DataLoader shardedOver: world
      """)
  }

  /// Ends the job with status 76 unless all ranks go through their data in one order; collective at
  /// the start of every epoch.
  mutating func requireEqualOrder() {
    guard world.size > 1, let current = world.step.order, current != order else { return }
    order = current
    world.requireEqual(current.facts, of: "DataLoader: the orders of the samples")
  }

  /// Says which parameters no rank has used in a step.
  mutating func warnAboutUnused(_ names: some Collection<String>) {
    guard !hasNamedUnused, !names.isEmpty else { return }
    hasNamedUnused = true
    warn(
      """
      averageGradients: no rank's loss reached \(names.prefix(8).joined(separator: ", "))\
      \(names.count > 8 ? " and \(names.count - 8) more" : "") in this step; \
      a parameter without a gradient stays as it is
      """)
  }

  private func warn(_ sentence: String) { if world.isRoot { writeLine("warning: \(sentence)") } }
}
