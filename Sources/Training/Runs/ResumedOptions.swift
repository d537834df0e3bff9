import Lockstep

extension RunOptions {
  /// Options that may be others when a run goes on; all others decide what is computed.
  private static let free: Set = [
    "epochs", "steps", "threads", "products", "overlap", "warnAfter", "abortAfter", "runDir",
    "quiet", "resume", "override", "checkpointEvery", "maxTime", "evaluateEvery",
  ]
  /// Those that may be others where `--override` is said.
  private static let overridable: Set = ["learningRate", "schedule", "warmup", "clipNorm"]

  /// The options of a run that goes on: those of the run in `record`, but for those of `given` that may
  /// change and are on the command line, `words`.
  ///
  /// - Throws: `ResumeError` for one that may not, with both values.
  static func resumed(
    _ record: RunRecord, _ given: TrainingOptions, words: [String], ranks: Int
  ) throws -> TrainingOptions {
    let isGiven = { (name: String) in
      words.contains { $0 == word(name) || $0.hasPrefix(word(name) + "=") }
    }
    let before = Dictionary(uniqueKeysWithValues: RunOptions(record.options).members)
    var given = given
    // The same file may be given by another path.
    given.initFrom = given.initFrom.map(absolutePath)
    if given.data.absolute.description == record.data.description {
      given.data = record.options.data
    }
    for (name, value) in RunOptions(given).members
    where isGiven(name) && !free.contains(name) && value != before[name] {
      let mayOverride = overridable.contains(name)
      if mayOverride, given.override { continue }
      throw ResumeError(
        option: word(name), given: value.text ?? "none",
        ofRun: before[name].flatMap(\.text) ?? "none", mayOverride: mayOverride)
    }
    var options = record.options
    options.data = record.data
    if isGiven("epochs") || isGiven("steps") {
      (options.epochs, options.steps) = (given.epochs, given.steps)
    }
    if isGiven("learningRate") { options.learningRate = given.learningRate }
    if isGiven("schedule") { options.schedule = given.schedule }
    if isGiven("warmup") { options.warmup = given.warmup }
    if isGiven("clipNorm") { options.clipNorm = given.clipNorm }
    if isGiven("evaluateEvery") { options.evaluateEvery = given.evaluateEvery }
    if isGiven("checkpointEvery") { options.checkpointEvery = given.checkpointEvery }
    if isGiven("overlap") { options.overlap = given.overlap }
    (options.maxTime, options.quiet, options.resume) = (given.maxTime, given.quiet, true)
    (options.runDir, options.threads, options.watching) =
      (given.runDir, given.threads, given.watching)
    // One micro-batch for each rank, whoever they are now.
    if !options.reproducible, options.microBatches == record.ranks { options.microBatches = nil }
    return options
  }
}

/// An option of a run that goes on is not what it was.
struct ResumeError: ReportableError {
  let option: String
  let given: String
  let ofRun: String
  let mayOverride: Bool

  var description: String {
    "\(option) is \(given), and the run that is to go on has \(ofRun); "
      + (mayOverride ? "leave it out, or add --override" : "leave it out, or begin a new run")
  }

  var exitCode: ExitCode { .configuration }
}
