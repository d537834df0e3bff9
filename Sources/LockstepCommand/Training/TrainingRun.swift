import Lockstep
import ModelZoo

/// One run of `lockstep train` on one rank.
struct TrainingRun {
  private let options: Train
  private let recipe: Recipe
  private let world: any Communicator
  private let task: LearningTask
  private let model: any Layer
  private let reducer: GradientReducer
  private let optimizer: any Optimizer
  private let scaler: GradientScaler
  private let batches: DataLoader
  private let totalSteps: Int
  private let directory: RunDirectory

  init(_ options: Train, _ world: any Communicator) throws {
    self.options = options
    self.world = world
    recipe = options.recipe
    let taskOptions = TaskOptions(
      target: options.target, ignored: options.ignore?.split(separator: ",").map(String.init),
      loss: options.loss?.rawValue, seed: options.seed)
    var task = try LearningTask(options.data, taskOptions)
    totalSteps =
      recipe.steps ?? (recipe.epochs ?? 1) * task.stepsPerEpoch(batch: recipe.globalBatch)
    try task.drawWindows(totalSteps * recipe.globalBatch, seed: options.seed)
    task.precision = options.precision
    self.task = task
    for dataset in [task.training, task.heldOut] {
      try dataset.requireSamples(forRanks: world.size)
    }
    if world.size > 1 {
      let facts =
        options.facts + task.training.facts("training data") + task.heldOut.facts("test data")
      world.requireEqual(facts, of: "the ranks")
    }
    model = try options.model.make(
      for: task.goal, inputShape: task.training.inputShape, data: options.data.description,
      seed: options.seed)
    model.convert(to: options.precision.dtype)
    reducer = model.averageGradients(
      over: world, reproducible: options.reproducible, wireType: options.wire?.dtype,
      overlap: options.overlap)
    Generator.seed(options.seed)
    optimizer = recipe.makeOptimizer(model.parameters())
    if options.shardOptimizer { optimizer.shardState(over: world) }
    scaler = GradientScaler(
      isEnabled: options.precision == .float16, naming: model.namedParameters())
    batches = DataLoader(
      task.training, batchSize: recipe.globalBatch,
      shuffledBy: options.data.isText ? nil : options.seed, shardedOver: world,
      microBatches: options.microBatches)
    directory = try RunDirectory(
      creating: options.runDir, world: world,
      RunConfiguration(
        model: options.model, data: options.data, taskOptions, options.precision, task.goal))
  }

  /// Trains, evaluates now and then, and saves.
  func run() throws {
    let schedule = options.schedule.make(
      peak: recipe.learningRate, steps: totalSteps, warmup: recipe.warmup)
    var progress = Progress(totalSteps: totalSteps, isShown: world.isRoot && !options.quiet)
    let parameters = model.parameters().reduce(0) { $0 + $1.count }
    progress.announce(
      """
      \(options.model) with \(parameters) parameters on \(options.data): \
      \(options.data.isText ? "" : "\(task.training.count) samples, ")\
      \(world.size) rank(s) x \(Threads.count) thread(s)
      """)

    let start = monotonicSeconds()
    let evaluatesEvery = options.evaluateEvery ?? (options.data.isText ? 500 : nil)
    var (step, epoch) = (0, 0)
    while step < totalSteps {
      epoch += 1
      model.train()
      for batch in batches.epoch(epoch).globalBatches {
        let began = monotonicSeconds()
        optimizer.learningRate = schedule.rate(at: step)
        optimizer.zeroGrad()
        for (inputs, targets) in batch.microBatches {
          scaler.scale(task.loss(of: model, on: inputs, targets)).backward()
        }
        if let norm = recipe.clipNorm {
          scaler.unscale(optimizer)
          clipGradientNorm(model.parameters(), maximum: norm)
        }
        scaler.step(optimizer)
        try scaler.update()
        step += 1
        world.note(.update, step: step)
        let seconds = monotonicSeconds() - began
        try record(batch.sampleCount, step, epoch: epoch, seconds, &progress)
        if step == totalSteps { break }
        if let evaluatesEvery, step % evaluatesEvery == 0 {
          evaluate(step: step, epoch: epoch, &progress)
          model.train()
        }
      }
      if evaluatesEvery == nil || step == totalSteps {
        evaluate(step: step, epoch: epoch, &progress)
      }
    }
    reducer.requireEqualParameters()
    let seconds = monotonicSeconds() - start
    let straggler = world.stragglerReport(over: seconds)
    world.note(.saving)
    try directory.save(model)
    if let straggler { progress.announce(straggler) }
    let skipped =
      scaler.skippedSteps > 0 ? ", \(scaler.skippedSteps) skipped for gradients not finite" : ""
    progress.finish(
      "\(step) steps in \(seconds.text(1)) s\(skipped); results in \(directory.path)")
  }

  private func evaluate(step: Int, epoch: Int, _ progress: inout Progress) {
    world.note(.evaluation)
    let result = task.evaluate(model, over: world)
    directory.record(result, step: step, epoch: epoch)
    progress.evaluated(result, epoch: epoch, step: step)
  }

  /// Writes a step's line and shows it; stops all ranks where the loss is not finite.
  private func record(
    _ samples: Int, _ step: Int, epoch: Int, _ seconds: Double, _ progress: inout Progress
  ) throws {
    let loss = Double(reducer.loss)
    guard loss.isFinite else { throw TrainingError.lossIsNotFinite(loss, step: step) }
    directory.record(
      JSONObject([
        "step": .integer(step), "epoch": .integer(epoch), "loss": .float(reducer.loss),
        "learningRate": .float(optimizer.learningRate),
        "lossScale": scaler.isEnabled ? .float(scaler.lossScale) : nil,
        "skippedSteps": scaler.isEnabled ? .integer(scaler.skippedSteps) : nil,
        "samplesPerSecond": .number((Double(samples) / seconds).rounded()),
      ]))
    progress.show(
      step: step, epoch: epoch, loss: loss, samples: samples, skipped: scaler.skippedSteps)
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
