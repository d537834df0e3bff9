import ArgumentParser
import Lockstep
import Support
import Training

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
      let result = try TrainedRun(in: runDir).evaluate(on: data, over: world)
      guard world.isRoot else { return }
      if json {
        try printResult(
          JSONObject(result.members + [("samples", .integer(result.samples))]))
      } else {
        try printResult("\(result.text)  (\(result.samples) samples)")
      }
    }
  }
}
