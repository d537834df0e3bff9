package import ArgumentParser
import Lockstep

/// What `lockstep train` is asked to do. Options are declared once, for the command line and for
/// `run.json`, which is read by the same parser.
package struct TrainingOptions: ParsableArguments, Encodable {
  @Option(
    help: "mlp, lenet and resnet20 (images), or gpt, rnn and lstm (text), which learn characters.")
  var model = ModelName.mlp

  @Option(
    help: """
      digits (built in), mnist:DIR with the four IDX files, plain or .gz, cifar10:DIR with the \
      binary files, csv:FILE with a header and --target, or text:FILE.
      """)
  var data = DataSource.digits

  @Option(help: "The column of a csv: file that is to be predicted.")
  var target: String?

  @Option(
    help: "Columns of a csv: file to leave out, separated by commas; \"\" is one without a name.")
  var ignore: String?

  @Option(help: "For csv: files: crossEntropy, where the target names classes, or mse (a number).")
  var loss: LossName?

  @Option(help: "Passes over the training data.")
  var epochs: Int?

  @Option(help: "Stop after this many steps instead.")
  var steps: Int?

  @Option(help: "Samples in a step, over all ranks.")
  var globalBatch: Int?

  @Option(
    help: "Cut every global batch into so many, shared out over the ranks (default: one per rank).")
  var microBatches: Int?

  @Flag(
    help: "The same weights, bit for bit, for any number of ranks; --micro-batches says how many.")
  var reproducible = false

  @Option(help: "Gradients travel between ranks rounded to this type.")
  var wire: Precision?

  @Option(
    help: "Send between hosts while the backward pass goes on: on, off, or auto (tries both).")
  var overlap = CommunicationOverlap.automatic

  @Flag(help: "Each rank keeps a part of the optimiser's state: less memory, the same bits.")
  var shardOptimizer = false

  @Option(help: "sgd (momentum 0.9), adam or adamw.")
  var optimizer: OptimizerName?

  @Option(help: "The learning rate.")
  var learningRate: Float?

  @Option(help: "cosine (to a tenth), step (a tenth at 1/2 and 3/4 of the run) or constant.")
  var schedule = ScheduleName.cosine

  @Option(help: "Steps at the start over which the learning rate climbs.")
  var warmup: Int?

  @Option(help: "The largest norm of all gradients together; larger ones are scaled down.")
  var clipNorm: Float?

  @Option(
    help: """
      How parameters and activations are stored; float16 and bfloat16 take half the memory and keep \
      a float32 copy of the parameters for their updates; float16 scales the loss.
      """)
  var precision = Precision.float32

  @Option(help: "Evaluate after so many steps (default: after every epoch; for text, 500 steps).")
  var evaluateEvery: Int?

  @Option(help: "Decides the initial weights, the order of samples and everything else by chance.")
  var seed: UInt64 = 0

  @Option(
    help: "Where results go; must not hold those of another run (default: runs/ and the time).")
  var runDir: String?

  @Option(help: "Begin with the weights in this safetensors file, for fine-tuning.")
  var initFrom: String?

  @Option(
    help: "With --init-from: take only weights whose names begin with this, such as backbone.")
  var only: String?

  @Option(help: "With --init-from: leave out weights whose names begin with this, such as head.")
  var except: String?

  @Flag(help: "Go on with the run in --run-dir, with its options, from its newest checkpoint.")
  var resume = false

  @Flag(help: "With --resume: take --learning-rate, --schedule, --warmup and --clip-norm as given.")
  var override = false

  @Option(
    help: "Save a checkpoint after so many steps (default: after 30 seconds, if there are more).")
  var checkpointEvery: Int?

  @Option(help: "Save and stop after this time, such as 11h50m or 90s, with status 85.")
  var maxTime: TimeLimit?

  @OptionGroup package var threads: ThreadOptions

  @OptionGroup package var watching: WatchOptions

  @Flag(help: "Show no progress.")
  var quiet = false

  package init() {}

  package func validate() throws {
    try require("--epochs", epochs)
    try require("--steps", steps)
    try require("--global-batch", globalBatch)
    try require("--micro-batches", microBatches)
    try require("--warmup", warmup, in: 0...counts.upperBound)
    try require("--evaluate-every", evaluateEvery)
    try require("--checkpoint-every", checkpointEvery)
    try requirePositive("--learning-rate", learningRate)
    try requirePositive("--clip-norm", clipNorm)
    if only != nil || except != nil, initFrom == nil {
      throw ValidationError("--only and --except belong to --init-from.")
    }
    if resume, runDir == nil {
      throw ValidationError("--resume needs --run-dir, the directory of the run to go on with.")
    }
    if override, !resume { throw ValidationError("--override belongs to --resume.") }
    if runDir == "" { throw ValidationError("--run-dir is empty; it must be a path.") }
    if epochs != nil, steps != nil {
      throw ValidationError("--epochs and --steps cannot both be given.")
    }
    if reproducible, microBatches == nil {
      throw ValidationError("--reproducible needs --micro-batches, at least as many as ranks.")
    }
    if reproducible, let wire, wire.dtype.isNarrowFloat {
      throw ValidationError("--reproducible and --wire \(wire) exclude each other.")
    }
    if !data.format.hasColumns, target != nil || loss != nil || ignore != nil {
      throw ValidationError("--target, --ignore and --loss belong to --data csv:FILE.")
    }
  }

  /// The model's recipe, changed by what the options say.
  var recipe: Recipe {
    var recipe = Recipe(for: model)
    if let optimizer {
      recipe.optimizer = optimizer
      recipe.learningRate = optimizer.defaultLearningRate
    }
    if let epochs { (recipe.epochs, recipe.steps) = (epochs, nil) }
    if let steps { (recipe.epochs, recipe.steps) = (nil, steps) }
    recipe.globalBatch = globalBatch ?? recipe.globalBatch
    recipe.learningRate = learningRate ?? recipe.learningRate
    recipe.warmup = warmup ?? recipe.warmup
    recipe.clipNorm = clipNorm ?? recipe.clipNorm
    return recipe
  }

  /// The run as it is done: with the recipe's value for every option that was not given.
  func completed(ranks: Int) -> TrainingOptions {
    var run = self
    let recipe = recipe
    (run.epochs, run.steps, run.globalBatch) = (recipe.epochs, recipe.steps, recipe.globalBatch)
    (run.optimizer, run.learningRate) = (recipe.optimizer, recipe.learningRate)
    (run.warmup, run.clipNorm) = (recipe.warmup, recipe.clipNorm)
    run.microBatches = microBatches ?? ranks
    (run.resume, run.override, run.maxTime) = (false, false, nil)
    run.initFrom = initFrom.map(absolutePath)
    run.threads.threads = Threads.count
    return run
  }

  /// The file that the run begins with, and which of its tensors; nil: none.
  var initialWeights: (path: String, selects: (String) -> Bool)? {
    initFrom.map { path in
      (
        path,
        { [only, except] name in
          (only.map(name.hasPrefix) ?? true) && !(except.map(name.hasPrefix) ?? false)
        }
      )
    }
  }

  /// What the options say of the task beside the data.
  var taskOptions: TaskOptions {
    let names = ignore?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    return TaskOptions(target: target, ignored: Set(names ?? []), loss: loss, seed: seed)
  }
}
