import ArgumentParser
import Lockstep

/// `lockstep evaluate`
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Measure the loss and accuracy of a trained model on data that it did not learn from.",
    discussion: """
      The samples are read as the run read its own: with its columns, standardisation, classes and \
      characters. What does not fit is refused.
      """)

  @Option(help: "The directory of a finished training run.")
  var runDir: String

  @Option(
    help: """
      Other data of the same kind: the test files of images, all rows of a table, the whole of a \
      text. Of the run's own table or text it is always the part that was held out (default).
      """)
  var data: DataSource?

  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    threads.apply()
    try withCommunicator { world in
      let result = try measure(world)
      guard world.isRoot else { return }
      if json {
        print(
          JSONObject(result.members + [("samples", .integer(result.samples))]))
      } else {
        print("\(result.text)  (\(result.samples) samples)")
      }
    }
  }

  private func measure(_ world: any Communicator) throws -> EvaluationResult {
    let run = try TrainedRun(in: runDir)
    let (task, options) = (run.record.task, run.record.options)
    let samples = try heldOut(run.record)
    try samples.requireSamples(forRanks: world.size)
    return try task.evaluate(run.model, storedAs: options.precision, on: samples, over: world)
  }

  private func heldOut(_ run: RunRecord) throws -> any Dataset {
    let source = data ?? run.data
    do {
      return try run.task.heldOut(
        of: EvaluationData(
          source: source, isPlaceOfRun: data == nil, seed: run.options.seed))
    } catch DataError.missing(let path, _) where data == nil {
      throw RunError.lostData(path)
    }
  }
}
