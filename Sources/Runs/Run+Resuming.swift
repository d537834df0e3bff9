import Communication
import DataLoading
import Diagnostics
import Steps
import Support
import TensorCore

extension Run {
  /// Begins: takes everything that is kept from the newest checkpoint that is sound, and says so; without
  /// a checkpoint nothing changes. Collective, to be called once, when all that is kept has been named.
  ///
  /// Every file is verified before anything is changed, on all ranks. A checkpoint that is not sound is
  /// moved aside, and the one before is taken.
  ///
  /// - Throws: exit code 65 where no checkpoint is sound, or where it does not fit what is kept; nothing
  ///   is changed then.
  public func begin() throws {
    check(!hasBegun, "Run.begin: the run has begun already; call it once")
    world.note("resuming")
    let checkpoint = try newestSound()
    let loads = try checkpoint.map { checkpoint in
      try requireFitting(checkpoint)
      return try parts.map { try $0.prepareLoad(checkpoint) }
    }
    // Nobody changes anything unless all ranks can.
    world.barrier()
    for load in loads ?? [] { load() }
    if let checkpoint { take(checkpoint.state) }
    try world.onRoot {
      let path = "\(directory)/metrics.jsonl"
      let lastSeen = Incident.lastWrite(path)
      let file = try MetricsFile(
        path, from: checkpoint?.state.metricsByteCount ?? 0,
        movingRestTo: "\(directory)/metrics-superseded.jsonl")
      metrics = file
      if !isFinished, checkpoint != nil || lastSeen != nil {
        incident = Incident(step: step, reached: file.lastStepMoved, lastSeen: lastSeen)
      }
      guard let checkpoint else { return }
      // Those after it were not sound, or are not of this run any more.
      for name in try store.names() where name > checkpoint.name { store.setAside(name) }
      say(
        "goes on from \(checkpoint.path): step \(step), epoch \(position.epoch)"
          + (isFinished ? "; the run has ended there" : ""))
    }
    hasBegun = true
  }

  private func take(_ state: CheckpointState) {
    isResumed = true
    isFinished = state.isFinished
    step = state.step
    best = state.best
    position = RunPosition(state.position, state.data)
    positionOfStep = state.position
    world.step.gradientUnit = state.gradientUnit
    let ranks = state.generators
    if world.rank < ranks.count {
      Generator.defaultState = ranks[world.rank]
    } else if let first = ranks.first {
      Generator.defaultState = GeneratorState(seed: first.seed)
    }
  }

  /// Throws where the checkpoint holds what the program does not keep.
  private func requireFitting(_ checkpoint: SoundCheckpoint) throws {
    let known = Set(parts.map(\.name))
    guard let other = checkpoint.state.values.first(where: { !known.contains($0.name) }) else {
      return
    }
    throw MisfitCheckpoint(
      checkpoint.path, "it has \"\(printable(other.name))\", which this program does not keep")
  }

  /// The newest checkpoint that all ranks find sound; nil: there is none at all.
  private func newestSound() throws -> SoundCheckpoint? {
    var names: [CheckpointName] = []
    if start != .new { try world.onRoot { names = try store.names() } }
    names = world.agreed(names)
    var problems: [String] = []
    for name in names.reversed() {
      let result = Result { () throws(UnsoundCheckpoint) in
        try SoundCheckpoint(name, in: store.folder)
      }
      guard let problem = world.firstProblem(in: result) else { return try result.get() }
      problems.append("\(name): \(problem)")
      world.onRoot { say("skips \(store.folder)/\(name): \(problem)") }
    }
    if !problems.isEmpty { throw RunDirectoryError.noneIsSound(store.folder, problems: problems) }
    return nil
  }
}

extension Communicator {
  /// Rank 0's `names`, on all ranks. Collective.
  fileprivate func agreed(_ names: [CheckpointName]) -> [CheckpointName] {
    guard size > 1 else { return names }
    let text = isRoot ? names.map(\.description).joined(separator: "\n") : ""
    return gather(text)[0].split(separator: "\n").compactMap { CheckpointName(String($0)) }
  }

  /// What any rank has found wrong; nil: nothing. Collective.
  fileprivate func firstProblem(in result: Result<SoundCheckpoint, UnsoundCheckpoint>) -> String? {
    var own = ""
    if case .failure(let error) = result { own = error.problem }
    return gather(own).first { !$0.isEmpty }
  }
}
