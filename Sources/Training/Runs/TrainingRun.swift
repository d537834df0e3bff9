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
  private let run: Run
  private var progress: Progress

  private var task: any LearningTask { prepared.task }

  /// A run by these options, or the one in their directory where they say that it goes on; `words` are
  /// those of the command line.
  package init(_ given: TrainingOptions, words: [String], _ world: any Communicator) throws {
    let directory = try RunDirectory(given, world)
    options = try directory.options(given, words: words, ranks: world.size)
    self.world = world
    recipe = options.recipe
    prepared = try options.data.format.prepare(options.data.place, options.taskOptions)
    let (task, training) = (prepared.task, prepared.training)
    try directory.requireSame(task)
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
    let model = try options.model.make(
      for: task.signature, data: options.data, seed: options.seed)
    self.model = model
    if let initial = options.initialWeights {
      try world.onRoot { try model.load(from: initial.path, selecting: initial.selects) }
    }
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
    let progress = Progress(totalSteps: totalSteps, isShown: world.isRoot && !options.quiet)
    self.progress = progress
    run = try directory.open(
      options, over: world,
      RunRecord(data: options.data.absolute, options: completed, task: task, ranks: world.size),
      saying: progress.announce)
    run.keep(model)
    run.keep(optimizer)
    if scaler.isEnabled { run.keep(scaler) }
    try run.begin()
  }

  /// Trains, evaluates now and then, and saves.
  package mutating func train() throws {
    let schedule = options.schedule.make(
      peak: recipe.learningRate, steps: totalSteps, warmup: recipe.warmup)
    let parameters = optimizer.parameters.reduce(0) { $0 + $1.count }
    progress.announce(
      """
      \(options.model) with \(parameters) parameters on \(options.data): \
      \(prepared.training.size), \(world.size) rank(s) x \(Threads.count) thread(s)
      """)
    for note in prepared.notes { progress.announce(note) }
    if run.isFinished, run.step >= totalSteps {
      return progress.announce("the run is complete; give more --epochs or --steps to go on")
    }

    let start = monotonicSeconds()
    let evaluatesEvery = options.evaluateEvery ?? prepared.training.evaluationInterval
    for epoch in run.epochs() {
      model.train()
      if run.step < totalSteps { try train(epoch, schedule, evaluatesEvery) }
      let isLast = run.step >= totalSteps
      if evaluatesEvery == nil || isLast { try evaluate(step: run.step, epoch: epoch) }
      if isLast { break }
    }
    reducer.requireEqualParameters()
    let seconds = monotonicSeconds() - start
    let straggler = world.stragglerReport(over: seconds)
    world.note(.saving)
    try model.requireFinite("the trained model")
    try run.finish()
    if let straggler { progress.announce(straggler) }
    let skipped =
      scaler.skippedSteps > 0 ? ", \(scaler.skippedSteps) skipped for gradients not finite" : ""
    progress.finish(
      "\(run.step) steps in \(seconds.text(1)) s\(skipped); results in \(run.directory)")
  }

  /// The steps of an epoch that are left.
  private mutating func train(
    _ epoch: Int, _ schedule: Schedule, _ evaluatesEvery: Int?
  ) throws {
    for batch in run.rest(of: batches.epoch(epoch)).globalBatches {
      let began = monotonicSeconds()
      optimizer.learningRate = schedule.rate(at: run.step)
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
      let step = run.step + 1
      world.note(.update, step: step)
      let line = try metrics(
        batch.sampleCount, step, epoch: epoch, seconds: monotonicSeconds() - began)
      if step < totalSteps, let evaluatesEvery, step % evaluatesEvery == 0 {
        try evaluate(step: step, epoch: epoch)
        model.train()
      }
      try run.stepped(line)
      if run.step == totalSteps { break }
    }
  }

  private mutating func evaluate(step: Int, epoch: Int) throws {
    world.note(.evaluation)
    let result = try task.evaluate(
      model, storedAs: options.precision, on: prepared.heldOut, over: world)
    run.evaluated(result.metrics, score: result.score)
    progress.evaluated(result, epoch: epoch, step: step)
  }

  /// What a step's line says; shows it. Stops all ranks where the loss is not finite.
  private mutating func metrics(
    _ samples: Int, _ step: Int, epoch: Int, seconds: Double
  ) throws -> Metrics {
    let loss = Double(reducer.loss) * task.lossUnit
    guard loss.isFinite else { throw NonFiniteError.loss(loss, step: step, options.precision) }
    progress.show(
      step: step, epoch: epoch, loss: loss, samples: samples, skipped: scaler.skippedSteps)
    return [
      "loss": task.lossUnit == 1 ? .float(reducer.loss) : .number(loss),
      "learningRate": .float(optimizer.learningRate),
      "lossScale": scaler.isEnabled ? .float(scaler.lossScale) : nil,
      "skippedSteps": scaler.isEnabled ? .integer(scaler.skippedSteps) : nil,
      "samplesPerSecond": .number((Double(samples) / seconds).rounded()),
    ]
  }
}
