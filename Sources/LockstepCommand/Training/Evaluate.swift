import ArgumentParser
import Lockstep

/// `lockstep evaluate`
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the loss and accuracy of a trained model on test data.")

  @Option(help: "The directory of a finished training run.")
  var runDir: String

  @Option(help: "Other data than that of the run: digits, or mnist:DIR.")
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
          JSONObject([
            "split": .text("test"), "loss": .number(result.loss),
            "accuracy": .number(result.accuracy), "samples": .integer(result.samples),
          ]))
      } else {
        print(
          """
          test loss \(result.loss.text(4))  accuracy \((result.accuracy * 100).text(2)) %  \
          (\(result.samples) samples)
          """)
      }
    }
  }

  private func measure(_ world: any Communicator) throws -> EvaluationResult {
    let path = runDir + "/run.json"
    let run = try RunConfiguration(readingFrom: path)
    guard let modelName = ModelName(rawValue: run.model) else {
      throw RunConfigurationError.unknown(path, key: "model", value: run.model)
    }
    guard let source = data ?? DataSource(argument: run.data) else {
      throw RunConfigurationError.unknown(path, key: "data", value: run.data)
    }
    let test = try source.load(.test)
    try test.requireSamples(forRanks: world.size)
    let model = modelName.make(inputShape: test.inputShape, classes: DataSource.classCount, seed: 0)
    try model.load(from: runDir + "/model.safetensors")
    return evaluate(model, on: test, over: world)
  }
}
