import Glibc
import Lockstep
import Support

/// Where a run of `lockstep train` leaves its results, beside which `run.json` says what it is.
struct RunDirectory {
  let path: String
  private let start: RunStart
  private let record: RunRecord?

  /// The directory that `options` name, or one below `runs` with the time as its name, on all ranks.
  /// Collective.
  init(_ options: TrainingOptions, _ world: any Communicator) throws {
    if let failed = Setting.restart.text {
      // The launcher starts the job once more: a checkpoint may be there, or not yet.
      (path, start) = (failed, .automatic)
      record = try? RunRecord(readingFrom: path + "/run.json")
      return
    }
    path = try options.runDir ?? Self.createNewDirectory(in: "runs", world)
    record = options.resume ? try RunRecord(readingFrom: path + "/run.json") : nil
    // A run that was killed before its first checkpoint goes on from its beginning.
    start = record == nil ? .new : .automatic
  }

  /// The options of the run: `given`, or those of the run that goes on, with what may change of `given`.
  func options(
    _ given: TrainingOptions, words: [String], ranks: Int
  ) throws -> TrainingOptions {
    guard let record else { return given }
    return try RunOptions.resumed(record, given, words: words, ranks: ranks)
  }

  /// Throws where `task`, which was made of the data as they are now, is not what the run began to learn.
  func requireSame(_ task: any LearningTask) throws {
    guard let record, record.task.record.description != task.record.description else { return }
    throw RunError.otherData(record.data)
  }

  /// The run, in the directory, which `record` describes from now on.
  func open(
    _ options: TrainingOptions, over world: any Communicator, _ record: RunRecord,
    saying say: @escaping (String) -> Void
  ) throws -> Run {
    let file = path + "/run.json"
    if start == .new { try world.onRoot { try requireEmpty() } }
    let saving = options.checkpointEvery.map { Saving.every(steps: $0) } ?? Saving()
    let run = try Run(
      in: path, over: world, saving: saving, start: start,
      stoppingAfter: options.maxTime.map { Double($0.seconds) }, saying: say)
    run.advice = "add --resume to go on"
    try world.onRoot { try record.write(to: file) }
    return run
  }

  private func requireEmpty() throws {
    for name in ["metrics.jsonl", "model.safetensors", "run.json", "checkpoints"]
    where isThere("\(path)/\(name)") {
      throw OccupiedDirectory(path: path, name: name, mayResume: isThere(path + "/checkpoints"))
    }
  }

  private static func timestamp() -> String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
      guard let start = buffer.baseAddress else { return "" }
      strftime(start, buffer.count, "%Y%m%d-%H%M%S", &parts)
      return String(cString: start)
    }
  }

  /// Creates a directory that was not there, even if other runs start in the same second; all ranks learn
  /// its path.
  private static func createNewDirectory(
    in parent: String, _ world: any Communicator
  ) throws -> String {
    let path = try world.onRoot { () throws -> String in
      try createDirectories(parent)
      let time = "\(parent)/\(timestamp())"
      var path = time
      var count = 1
      while mkdir(path, 0o777) != 0 {
        guard errno == EEXIST else { throw FileError(.create, path) }
        count += 1
        path = "\(time)-\(count)"
      }
      return path
    }
    return world.gather(path ?? "")[0]
  }
}

/// A new run cannot use a directory, for it holds results.
private struct OccupiedDirectory: ReportableError {
  let path: String
  let name: String
  let mayResume: Bool

  var description: String {
    "\(path) holds \(name) of another run; choose another --run-dir or move it away"
      + (mayResume ? ", or add --resume to go on with that run" : "")
  }

  var exitCode: ExitCode { .cannotCreate }
}
