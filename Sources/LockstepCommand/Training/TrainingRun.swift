import Lockstep
import ModelZoo

/// One run of `lockstep train` on one rank.
struct TrainingRun {
  private let options: Train
  private let world: any Communicator
  private let training: any Dataset<Float, Int32>
  private let test: any Dataset<Float, Int32>
  private let model: any Layer
  private let reducer: GradientReducer
  private let optimizer: any Optimizer
  private let peakRate: Float
  private let directory: RunDirectory

  init(_ options: Train, _ world: any Communicator) throws {
    self.options = options
    self.world = world
    training = try options.data.load(.train)
    test = try options.data.load(.test)
    for dataset in [training, test] { try dataset.requireSamples(forRanks: world.size) }
    if world.size > 1 {
      let facts = options.facts + training.facts("training data") + test.facts("test data")
      world.requireEqual(facts, of: "the ranks")
    }
    model = options.model.make(
      inputShape: training.inputShape, classes: DataSource.classCount, seed: options.seed)
    reducer = model.averageGradients(over: world)
    peakRate = options.learningRate ?? options.optimizer.defaultLearningRate
    optimizer = options.optimizer.make(model.parameters(), learningRate: peakRate)
    directory = try RunDirectory(
      creating: options.runDir, world: world,
      RunConfiguration(model: options.model, data: options.data))
  }

  /// Trains, evaluates after every epoch, and saves.
  func run() throws {
    let batches = DataLoader(
      training, batchSize: options.globalBatch, shuffledBy: options.seed, shardedOver: world)
    let totalSteps = options.steps ?? (options.epochs ?? 10) * batches.count
    let schedule = options.schedule.make(
      peak: peakRate, steps: totalSteps, warmup: options.warmup)
    var progress = Progress(totalSteps: totalSteps, isShown: world.isRoot && !options.quiet)
    let parameters = model.parameters().reduce(0) { $0 + $1.count }
    progress.announce(
      """
      \(options.model) with \(parameters) parameters on \(options.data): \(training.count) samples, \
      \(world.size) rank(s) x \(Threads.count) thread(s)
      """)

    let start = monotonicSeconds()
    var step = 0
    var epoch = 0
    while step < totalSteps {
      epoch += 1
      model.train()
      for (inputs, targets) in batches.epoch(epoch) where step < totalSteps {
        let began = monotonicSeconds()
        let samples = world.batchShare?.global ?? inputs.shape[0]
        optimizer.learningRate = schedule.rate(at: step)
        optimizer.zeroGrad()
        let loss = crossEntropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
        step += 1
        world.note(.update, step: step)
        try record(loss, inputs.shape[0], step: step, epoch: epoch, samples, began, &progress)
      }
      world.note(.evaluation)
      let result = evaluate(model, on: test, over: world)
      directory.record(result, step: step, epoch: epoch)
      progress.epochEnded(epoch, step: step, result)
    }
    reducer.requireEqualParameters()
    let seconds = monotonicSeconds() - start
    let straggler = world.stragglerReport(over: seconds)
    world.note(.saving)
    try directory.save(model)
    if let straggler { progress.announce(straggler) }
    progress.finish("\(step) steps in \(seconds.text(1)) s; results in \(directory.path)")
  }

  /// Writes a step's line and shows it; stops all ranks where the loss is not finite.
  private func record(
    _ loss: Tensor, _ localSamples: Int, step: Int, epoch: Int, _ samples: Int, _ began: Double,
    _ progress: inout Progress
  ) throws {
    let local = localSamples == 0 ? 0 : loss.item() * Double(localSamples)
    let globalLoss = world.sum([local])[0] / Double(samples)
    guard globalLoss.isFinite else { throw TrainingError.lossIsNotFinite(globalLoss, step: step) }
    let rate = Double(samples) / (monotonicSeconds() - began)
    directory.record(
      JSONObject([
        "step": .integer(step), "epoch": .integer(epoch), "loss": .number(globalLoss),
        "learningRate": .float(optimizer.learningRate),
        "samplesPerSecond": .number(rate.rounded()),
      ]))
    progress.show(step: step, epoch: epoch, loss: globalLoss, samples: samples)
  }
}

/// What stops a training run.
enum TrainingError: ReportableError {
  case lossIsNotFinite(Double, step: Int)

  var description: String {
    switch self {
    case .lossIsNotFinite(let loss, let step):
      "the loss is \(loss) at step \(step); try a smaller --learning-rate"
    }
  }

  var exitCode: ExitCode { .nonFinite }
}
