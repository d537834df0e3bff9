public import Communication
import DataLoading
import Diagnostics
import NeuralNet
import Optimizers
import Parallel
import Steps
import Support
import TensorCore

/// A training run that can go on after it was interrupted: its directory, its checkpoints, its metrics.
///
/// ```swift
/// let run = try Run(in: "runs/digits", over: world)
/// run.keep(model)
/// run.keep(optimizer)
/// try run.begin()
/// for epoch in run.epochs(10) {
///   for (images, labels) in run.rest(of: batches.epoch(epoch)) {
///     optimizer.zeroGrad()
///     crossEntropy(model(images), labels).backward()
///     optimizer.step()
///     try run.stepped()
///   }
/// }
/// try run.finish()
/// ```
///
/// What goes on is the same run: the same weights, bit for bit, as if nothing had happened, on as many
/// ranks, and in reproducible mode on any number. All ranks call everything alike. See
/// Docs/checkpoints.md.
public final class Run {
  /// The directory of the run, as it was given.
  public let directory: String
  /// How many steps were taken, those before an interruption among them.
  public internal(set) var step = 0
  /// Whether the run goes on from a checkpoint; known after `begin()`.
  public internal(set) var isResumed = false
  /// Whether the run had ended well before it was begun again: then there is nothing to do, unless it is
  /// to get longer.
  public internal(set) var isFinished = false
  /// The highest score so far; nil: there is none.
  public var bestScore: Double? { best?.score }

  let world: any Communicator
  let saving: Saving
  let store: CheckpointStore
  let say: (String) -> Void
  let start: RunStart
  var parts: [any KeptPart] = []
  var modules: [(name: String, module: Module)] = []
  var hasBegun = false
  /// Only on rank 0.
  var metrics: MetricsFile?
  var lock: RunLock?
  let requests: RunRequests

  // Where it is in its data.
  var position = RunPosition()
  // What is being saved, and what was.
  var saver: Saver
  var best: BestScore?
  var isBestDue = false
  /// Why the last checkpoint of the run could not be begun.
  var failure: FileError?
  /// Where the data were when the last step ended, and lines about the one that is under way.
  var positionOfStep = EpochPosition(epoch: 1, batch: 0)
  var linesOfStep: [JSONObject] = []
  /// What is to be told when the first step is done; nil: nothing.
  var incident: Incident?
  /// How to go on with a run that was stopped.
  package var advice = "start the program again to go on"
  /// `StepContext.agreementCount` at the last step.
  var seenAgreements = 0

  /// A run in `directory`, which is created where it is not there. Collective.
  ///
  /// From now on SIGINT, SIGTERM and SIGUSR1 ask it to save and stop, with status 85, and SIGUSR2 to
  /// save; a second SIGINT ends the process.
  ///
  /// - Parameters:
  ///   - saving: when checkpoints are saved, and which stay.
  ///   - start: whether the run is new.
  ///   - limit: after so many seconds the run saves and stops, as by a signal.
  ///   - say: shows a line about the run, on rank 0; by default on standard error.
  /// - Throws: exit code 73 where the directory cannot be written, holds another run or is in use.
  public convenience init(
    in directory: String, over world: any Communicator, saving: Saving = Saving(),
    start: RunStart = .automatic, stoppingAfter limit: Double? = nil,
    saying say: ((String) -> Void)? = nil
  ) throws {
    try self.init(
      CheckpointStore(run: directory), over: world, saving, start: start, stoppingAfter: limit,
      saying: say ?? { writeLine($0) })
  }

  package init(
    _ store: CheckpointStore, over world: any Communicator, _ saving: Saving,
    start: RunStart = .automatic, stoppingAfter limit: Double? = nil,
    saying say: @escaping (String) -> Void
  ) throws {
    let directory = store.run
    self.directory = directory
    self.world = world
    self.saving = saving
    self.start = start
    self.say = say
    self.store = store
    saver = Saver(store, world)
    requests = RunRequests(saving, limit: limit, isRoot: world.isRoot)
    try world.onRoot {
      try createDirectories(directory)
      lock = try RunLock(directory, host: world.host)
      try requireFitting()
      try store.prepare()
    }
    world.step.ownRequests = { [requests] in requests.current }
    requests.begin()
    if world.isRoot, Setting.launcher.text != nil {
      writeLine(runAnnouncement + directory)
    }
  }

  deinit {
    saver.wait()
    requests.leave()
    world.step.ownRequests = nil
  }

  /// Throws where the directory is not of the kind that `start` asks for.
  private func requireFitting() throws {
    let names = try store.names()
    if start == .resumed, names.isEmpty { throw RunDirectoryError.nothingToResume(directory) }
    let results = ["metrics.jsonl", "model.safetensors"]
    // Lines of a run that was killed before its first checkpoint are no reason not to begin again.
    guard start == .new || (start == .automatic && names.isEmpty) else { return }
    for name in start == .new ? results : ["model.safetensors"]
    where isThere("\(directory)/\(name)") {
      throw RunDirectoryError.occupied(directory, by: name, hasCheckpoint: !names.isEmpty)
    }
    if start == .new, !names.isEmpty {
      throw RunDirectoryError.occupied(directory, by: "checkpoints", hasCheckpoint: true)
    }
  }

  func requireBegun(_ use: StaticString) {
    check(hasBegun, "Run.\(use): call begin() first, after what is kept was named")
  }
}
