package import Lockstep
import Support

/// What training steps of a workload took on the ranks of a job.
package struct StepMeasurement {
  /// How long each step was on this rank.
  package let timings: Timings
  /// Where the time went.
  package let split: StepSplit
  /// The most memory that a rank has had resident.
  package let peakMegabytes: Double
  /// The mean loss of the last step's samples, on all ranks.
  package let loss: Double

  /// Times `steps` steps on `items` samples each, which the ranks of `world` share, after a tenth as
  /// many, at least 2, that are not timed; collective. With `isLoaded` batches come from a loader, as
  /// in training; else it is one, again and again. With `saving` a checkpoint is saved in that directory
  /// after every so many steps.
  ///
  /// - Throws: on all ranks, where the loss is not finite at the end.
  package init(
    of workload: Workload, storedAs dtype: DType, items: Int, steps: Int, isLoaded: Bool,
    saving: (directory: String, every: Int)? = nil, over world: any Communicator
  ) throws {
    var batches = BatchSource(workload, items: items, over: world, isLoaded: isLoaded)
    let step = workload.makeStep(world, storedAs: dtype)
    let run = try saving.map { directory, every in
      let run = try Run(in: directory, over: world, saving: .every(steps: every), start: .new)
      run.keep(step.model)
      run.keep(step.optimizer)
      try run.begin()
      return run
    }
    var last = Double.nan
    for _ in 0..<max(2, steps / 10) { last = try step(batches.next()) }
    var times: [StepTimes] = []
    for _ in 0..<steps {
      let (stepLoss, stepTimes) = try world.profile.measure {
        let loss = try step(batches.next())
        try run?.stepped()
        return loss
      }
      last = stepLoss
      times.append(stepTimes)
    }
    try run?.finish()
    peakMegabytes = world.maximum(Double(peakResidentBytes()) / 1e6)
    loss = world.sum([last * Double(batches.share)])[0] / Double(items)
    guard loss.isFinite else { throw NonFiniteLoss(loss: loss) }
    split = StepSplit(of: times, over: world)
    timings = Timings(times.map(\.seconds))
  }
}

/// The steps have led the weights astray.
private struct NonFiniteLoss: ReportableError {
  let loss: Double

  var description: String { "the loss is \(loss) after the last step; take fewer --steps" }

  var exitCode: ExitCode { .nonFinite }
}
