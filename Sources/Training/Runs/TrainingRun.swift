package import Lockstep
import Support

/// One run of `lockstep train` on one rank.
package struct TrainingRun {
  private let options: TrainingOptions
  private let recipe: Recipe
  private let world: any Communicator
  private let prepared: PreparedTask
  private let model: any Layer
  private let reducer: GradientReducer
  private let optimizer: any Optimizer
  private let scaler: GradientScaler
  private let batches: DataLoader
  private let totalSteps: Int
  private let directory: RunDirectory

  private var task: any LearningTask { prepared.task }

  package init(_ options: TrainingOptions, _ world: any Communicator) throws {
    self.options = options
    self.world = world
    recipe = options.recipe
    prepared = try options.data.format.prepare(options.data.place, options.taskOptions)
    let (task, training) = (prepared.task, prepared.training)
    totalSteps =
      recipe.steps
      ?? (recipe.epochs ?? 1) * training.stepsPerEpoch(batch: recipe.globalBatch)
    let samples = try training.samples(forSteps: totalSteps, batch: recipe.globalBatch)
    for dataset in [samples, prepared.heldOut] {
      try dataset.requireSamples(forRanks: world.size)
    }
    let completed = options.completed(ranks: world.size)
    if world.size > 1 {
      let facts =
        [("program", programDigest())] + RunOptions(completed).facts
        + samples.facts("training data") + prepared.heldOut.facts("test data")
      world.requireEqual(facts, of: "the ranks")
    }
    model = try options.model.make(for: task.signature, data: options.data, seed: options.seed)
    model.convert(to: options.precision.dtype)
    reducer = model.averageGradients(
      over: world, reproducible: options.reproducible, wireType: options.wire?.dtype,
      overlap: options.overlap)
    Generator.seed(options.seed)
    optimizer = recipe.makeOptimizer(model.parameters())
    if options.shardOptimizer { optimizer.shardState(over: world) }
    scaler = GradientScaler(
      isEnabled: options.precision.dtype.hasNarrowRange, naming: model.namedParameters())
    batches = DataLoader(
      samples, batchSize: recipe.globalBatch,
      shuffledBy: training.isShuffled ? options.seed : nil, shardedOver: world,
      microBatches: options.microBatches)
    directory = try RunDirectory(
      creating: options.runDir, world: world,
      RunRecord(
        data: options.data.absolute, options: completed, task: task, ranks: world.size))
  }

  /// Trains, evaluates now and then, and saves.
  package func run() throws {
    let schedule = options.schedule.make(
      peak: recipe.learningRate, steps: totalSteps, warmup: recipe.warmup)
    var progress = Progress(totalSteps: totalSteps, isShown: world.isRoot && !options.quiet)
    let parameters = optimizer.parameters.reduce(0) { $0 + $1.count }
    progress.announce(
      """
      \(options.model) with \(parameters) parameters on \(options.data): \
      \(prepared.training.size), \(world.size) rank(s) x \(Threads.count) thread(s)
      """)
    for note in prepared.notes { progress.announce(note) }

    let start = monotonicSeconds()
    let evaluatesEvery = options.evaluateEvery ?? prepared.training.evaluationInterval
    var (step, epoch) = (0, 0)
    while step < totalSteps {
      epoch += 1
      model.train()
      for batch in batches.epoch(epoch).globalBatches {
        let began = monotonicSeconds()
        optimizer.learningRate = schedule.rate(at: step)
        optimizer.zeroGrad()
        for (inputs, targets) in batch.microBatches {
          let output = model.float32Output(
            for: inputs, storedAs: options.precision.dtype)
          scaler.scale(task.loss(output, targets)).backward()
        }
        if let norm = recipe.clipNorm {
          scaler.unscale(optimizer)
          clipGradientNorm(optimizer.parameters, maximum: norm)
        }
        scaler.step(optimizer)
        try scaler.update()
        step += 1
        world.note(.update, step: step)
        let seconds = monotonicSeconds() - began
        try record(batch.sampleCount, step, epoch: epoch, seconds, &progress)
        if step == totalSteps { break }
        if let evaluatesEvery, step % evaluatesEvery == 0 {
          try evaluate(step: step, epoch: epoch, &progress)
          model.train()
        }
      }
      if evaluatesEvery == nil || step == totalSteps {
        try evaluate(step: step, epoch: epoch, &progress)
      }
    }
    reducer.requireEqualParameters()
    let seconds = monotonicSeconds() - start
    let straggler = world.stragglerReport(over: seconds)
    world.note(.saving)
    try model.requireFinite("the trained model")
    try directory.save(model)
    if let straggler { progress.announce(straggler) }
    let skipped =
      scaler.skippedSteps > 0 ? ", \(scaler.skippedSteps) skipped for gradients not finite" : ""
    progress.finish(
      "\(step) steps in \(seconds.text(1)) s\(skipped); results in \(directory.path)")
  }

  private func evaluate(step: Int, epoch: Int, _ progress: inout Progress) throws {
    world.note(.evaluation)
    let result = try task.evaluate(
      model, storedAs: options.precision, on: prepared.heldOut, over: world)
    directory.record(result, step: step, epoch: epoch)
    progress.evaluated(result, epoch: epoch, step: step)
  }

  /// Writes a step's line and shows it; stops all ranks where the loss is not finite.
  private func record(
    _ samples: Int, _ step: Int, epoch: Int, _ seconds: Double, _ progress: inout Progress
  ) throws {
    let loss = Double(reducer.loss) * task.lossUnit
    guard loss.isFinite else { throw NonFiniteError.loss(loss, step: step, options.precision) }
    directory.record(
      JSONObject([
        "step": .integer(step), "epoch": .integer(epoch),
        "loss": task.lossUnit == 1 ? .float(reducer.loss) : .number(loss),
        "learningRate": .float(optimizer.learningRate),
        "lossScale": scaler.isEnabled ? .float(scaler.lossScale) : nil,
        "skippedSteps": scaler.isEnabled ? .integer(scaler.skippedSteps) : nil,
        "samplesPerSecond": .number((Double(samples) / seconds).rounded()),
      ]))
    progress.show(
      step: step, epoch: epoch, loss: loss, samples: samples, skipped: scaler.skippedSteps)
  }
}
