import Communication
public import DataLoading
public import Diagnostics
import Steps
import Support

extension Run {
  /// The epochs up to `last` that are left, from the one that was interrupted; without end where `last` is
  /// nil.
  ///
  /// Where the loop goes on, the epoch is done, with all that its body did.
  public func epochs(_ last: Int? = nil) -> RunEpochs { RunEpochs(run: self, last: last ?? .max) }

  /// The batches of `epoch` that are left: all, unless the run goes on within it.
  ///
  /// Take its `globalBatches` where batches are cut into micro-batches. Stops with status 78 where the run
  /// goes on within an epoch of other data, in another order or in batches of another size.
  public func rest(of epoch: Epoch) -> Epoch {
    requireBegun("rest")
    return position.rest(of: epoch) { difference in
      stop(
        """
        Run.rest: the run in \(directory) goes on within an epoch, with \(difference); use the data, \
        the seed and the batch size that it began with
        """, status: .configuration)
    }
  }

  /// Ends a step: to be called last in the body of the loop, on all ranks.
  ///
  /// Writes a line of metrics, saves if a checkpoint is due, and stops where a signal or the limit of time
  /// asks for it: all ranks at the same step.
  ///
  /// - Throws: after saving, ``RunStopped``, with status 85; and where that cannot be saved, status 74.
  public func stepped(_ line: Metrics = [:]) throws {
    requireBegun("stepped")
    step += 1
    isFinished = false
    positionOfStep = position.saved
    world.note(.update, step: step)
    write(line)
    for line in linesOfStep { metrics?.append(line) }
    linesOfStep = []
    incident?.write(to: "\(directory)/incidents.jsonl")
    incident = nil
    let asked = agreedRequests()
    report(saver.settle(waiting: false))
    requests.isBusy = saver.isBusy
    let isDue = saving.everySteps.map { step % $0 == 0 } ?? false
    if isDue || isBestDue || asked.save > 0 || asked.stop > 0 {
      save(isLast: asked.stop > 0)
    }
    guard asked.stop > 0 else { return }
    try settle()
    throw RunStopped(
      step: step, reason: requests.reason, directory: directory, advice: advice)
  }

  /// Notes how good the model is now, on samples that it does not learn from: to be called before
  /// `stepped`, or after the loop over the batches of an epoch, on all ranks.
  ///
  /// - Parameters:
  ///   - line: what a line of metrics says of it; nothing is written where it is empty.
  ///   - score: the higher, the better; for a loss, its negative. The checkpoint with the highest stays,
  ///     and its weights are `best.safetensors`. Rank 0's counts. NaN is never the highest.
  /// - Returns: Whether it is the highest so far.
  @discardableResult
  public func evaluated(_ line: Metrics = [:], score: Double? = nil) -> Bool {
    requireBegun("evaluated")
    // Within a step: it has been taken, though not ended.
    let isInStep = position.saved != positionOfStep
    let step = isInStep ? step + 1 : step
    if isInStep {
      // After the step's own line.
      if let line = json(line, step: step) { linesOfStep.append(line) }
    } else {
      write(line)
    }
    guard var score else { return false }
    if world.size > 1 { withUnsafeMutableBytes(of: &score) { world.broadcast($0, from: 0) } }
    guard score > best?.score ?? -.infinity, score.isFinite else { return false }
    // The next checkpoint is taken before the weights change.
    best = BestScore(score: score, step: step)
    isBestDue = true
    return true
  }

  /// Ends the run: saves what has changed since the last checkpoint, and returns when all is on the disk.
  /// To be called once, on all ranks.
  ///
  /// - Throws: exit code 73 or 74 where something could not be written.
  public func finish() throws {
    requireBegun("finish")
    if position.isAtEnd { position.advance() }
    if !isFinished {
      isFinished = true
      save(isLast: true)
    }
    try settle()
    requests.leave()
    world.step.ownRequests = nil
    metrics = nil
    lock = nil
  }

  /// An epoch is done, with all that the body of the loop did.
  func epochEnded() {
    position.advance()
    positionOfStep = position.saved
    if isBestDue { save() }
  }

  private func write(_ line: Metrics) {
    if let line = json(line, step: step) { metrics?.append(line) }
  }

  private func json(_ line: Metrics, step: Int) -> JSONObject? {
    guard !line.isEmpty else { return nil }
    let own: [(key: String, value: JSONObject.Value?)] = [
      ("step", .integer(step)), ("epoch", .integer(position.saved.epoch)),
    ]
    return JSONObject(own + line.map { ($0.key, $0.value?.json) })
  }

  /// What all ranks ask for together: it has come with the gradients, where these are averaged.
  private func agreedRequests() -> StepRequests {
    guard world.size > 1 else { return requests.current }
    let context = world.step
    defer { seenAgreements = context.agreementCount }
    if context.agreementCount != seenAgreements { return context.agreedRequests }
    let own = requests.current
    let sums = world.sum([Double(own.stop), Double(own.save)])
    return StepRequests(stop: Int(sums[0]), save: Int(sums[1]))
  }
}

/// The epochs of a run that are left.
public struct RunEpochs: Sequence, IteratorProtocol {
  let run: Run
  let last: Int
  private var hasBegun = false

  init(run: Run, last: Int) { (self.run, self.last) = (run, last) }

  /// The number of the next epoch, from 1; the one before is done.
  public mutating func next() -> Int? {
    run.requireBegun("epochs")
    if hasBegun { run.epochEnded() }
    hasBegun = true
    return run.position.epoch <= last ? run.position.epoch : nil
  }
}

/// A run has saved and stopped, because a signal or a limit of time asked for it.
public struct RunStopped: AgreedEnd {
  /// The last step that was taken.
  public let step: Int
  let reason: String
  let directory: String
  let advice: String

  /// Says how to go on.
  public var description: String {
    "stopped \(reason) after step \(step); saved in \(directory)/checkpoints; \(advice)"
  }

  /// ``ExitCode/stopped``, status 85.
  public var exitCode: ExitCode { .stopped }
}
