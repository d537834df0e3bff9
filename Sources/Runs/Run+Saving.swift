import Checkpoints
import Communication
import DataLoading
import Diagnostics
import Steps
import Support
import TensorCore

extension Run {
  /// Begins to save a checkpoint; waits first where another one is still being written. Collective.
  ///
  /// - Parameter isLast: whether the run ends with it, so that a failure is an error, which `settle`
  ///   throws, and not a warning.
  func save(isLast: Bool = false) {
    report(saver.settle(waiting: true))
    let isShared = world.size > 1 && parts.contains { $0.tensors(rank: 1, of: world.size) != nil }
    let name = CheckpointName(step: step, version: freeVersion())
    if isBestDue { best?.step = step }
    let state = currentState()
    isBestDue = false
    requests.saved()
    // Ranks write into a place that rank 0 has made.
    if isShared, !makePlace(name, isLast) { return }
    var files = parts.compactMap { part -> (name: String, content: Saver.Content)? in
      part.tensors(rank: world.rank, of: world.size).map { file, tensors in
        (file, .tensors(SafeTensorsImage(tensors, metadata: ["format": "pt"])))
      }
    }
    if world.isRoot { files.append((CheckpointState.fileName, .text(state.text))) }
    saver.begin(name, files, isShared: isShared, world.isRoot ? finish() : nil)
    requests.isBusy = true
  }

  /// Returns, on all ranks, whether there is a place for the checkpoint `name` now. Collective.
  private func makePlace(_ name: CheckpointName, _ isLast: Bool) -> Bool {
    var error: FileError?
    if world.isRoot {
      do throws(FileError) { try store.begin(name) } catch let problem { error = problem }
    }
    if isLast { failure = error } else { report(error.map { (name, $0) }) }
    return world.maximum(Int32(error == nil ? 0 : 1)) == 0
  }

  /// Waits until what is being written is on the disk.
  ///
  /// - Throws: why it is not.
  func settle() throws {
    world.note(.saving)
    if let error = failure ?? saver.settle(waiting: true)?.error { throw error }
    // All ranks leave together, when rank 0 is done.
    world.barrier()
  }

  /// Says that a checkpoint has failed; the run goes on, for the one before is still there.
  func report(_ failure: (name: CheckpointName, error: FileError)?) {
    guard let (name, error) = failure, world.isRoot else { return }
    say("warning: the checkpoint \(name) was not saved: \(error)")
  }

  private func freeVersion() -> Int {
    var version = Int64(world.isRoot ? store.freeName(step: step).version : 0)
    if world.size > 1 { version = world.maximum(version) }
    return Int(version)
  }

  private func finish() -> Saver.Finish {
    let files = modules.map { "\($0.name).safetensors" }
    let (store, saving, best) = (store, saving, best)
    metrics?.synchronize()
    return Saver.Finish(newest: files, best: best?.step == step ? files : []) {
      // What is not needed goes only when the newest is sound.
      guard let names = try? store.names(), let newest = names.last,
        (try? SoundCheckpoint(newest, in: store.folder)) != nil
      else { return }
      for name in saving.superfluous(names, best: best?.step) { store.remove(name) }
    }
  }

  /// All that a checkpoint holds beside tensors. Collective.
  private func currentState() -> CheckpointState {
    var state = CheckpointState()
    state.step = step
    state.position = position.saved
    state.isFinished = isFinished
    state.ranks = world.size
    state.metricsByteCount = metrics?.byteCount ?? 0
    state.best = best
    state.gradientUnit = world.step.gradientUnit
    let own = Generator.defaultState
    state.generators = world.gather([own.seed, own.position]).map {
      GeneratorState(seed: $0[0], position: $0[1])
    }
    state.data = position.data
    guard world.isRoot else { return state }
    for part in parts {
      do {
        if let json = try part.json() { state.values.append((part.name, json)) }
      } catch {
        stop("Run: \(part.name) cannot be saved: \(error.report)")
      }
    }
    return state
  }
}
