import ArgumentParser
import Lockstep

/// `lockstep evaluate`
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the loss and accuracy of a trained model on test data.")

  @Option(help: "The directory of a finished training run.")
  var runDir: String

  @Option(help: "Other data than that of the run, of the same kind.")
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
            "split": .text(result.split), "loss": .number(result.loss),
            "accuracy": result.accuracy.map { .number($0) }, "samples": .integer(result.samples),
          ]))
      } else {
        print("\(result.text)  (\(result.samples) samples)")
      }
    }
  }

  private func measure(_ world: any Communicator) throws -> EvaluationResult {
    let path = runDir + "/run.json"
    let run = try RunConfiguration(readingFrom: path)
    guard let source = data ?? DataSource(argument: run.data) else {
      throw RunConfigurationError.unknown(path, key: "data", value: run.data)
    }
    var task = try LearningTask(source, run.options)
    task.precision = run.precision
    try task.heldOut.requireSamples(forRanks: world.size)
    let model = try run.modelName(path).make(
      for: task.goal, inputShape: task.heldOut.inputShape, data: source.description, seed: 0)
    model.convert(to: run.precision.dtype)
    try model.load(from: runDir + "/model.safetensors")
    return task.evaluate(model, over: world)
  }
}
