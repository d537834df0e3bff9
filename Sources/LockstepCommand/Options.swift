import ArgumentParser
import Lockstep
import ModelZoo

/// Where samples come from.
enum DataSource: ExpressibleByArgument, CustomStringConvertible {
  /// The handwritten digits that are part of the program: 8×8 pixels.
  case digits
  /// A directory with the four IDX files of MNIST or of a set in its format.
  case mnist(directory: String)

  init?(argument: String) {
    let parts = argument.split(separator: ":", maxSplits: 1).map(String.init)
    switch (parts.first, parts.count) {
    case ("digits", 1): self = .digits
    case ("mnist", 2): self = .mnist(directory: parts[1])
    default: return nil
    }
  }

  var description: String {
    switch self {
    case .digits: "digits"
    case .mnist(let directory): "mnist:\(directory)"
    }
  }

  static let allValueStrings = ["digits", "mnist:DIR"]

  func load(_ split: Split) throws -> any Dataset<Float, Int32> {
    switch self {
    case .digits: Digits(split)
    case .mnist(let directory): try MNIST(split, in: directory)
    }
  }

  static let classCount = 10
}

/// The networks that can be trained.
enum ModelName: String, ExpressibleByArgument, CaseIterable {
  case mlp

  /// A fresh network for samples of `inputShape`, with weights that `seed` decides.
  func make(inputShape: Shape, classes: Int, seed: UInt64) -> any Layer {
    let generator = Generator(seed: seed)
    return switch self {
    case .mlp: MLP([inputShape.elementCount, 512, 512, classes], generator: generator)
    }
  }
}

/// How parameters are changed.
enum OptimizerName: String, ExpressibleByArgument, CaseIterable {
  case sgd, adam, adamw

  /// SGD has momentum 0.9; the others are as in PyTorch.
  func make(_ parameters: [Tensor], learningRate: Float) -> any Optimizer {
    switch self {
    case .sgd: SGD(parameters, learningRate: learningRate, momentum: 0.9)
    case .adam: Adam(parameters, learningRate: learningRate)
    case .adamw: AdamW(parameters, learningRate: learningRate)
    }
  }

  var defaultLearningRate: Float { self == .sgd ? 0.05 : 1e-3 }
}

/// How the learning rate changes over a run.
enum ScheduleName: String, ExpressibleByArgument, CaseIterable {
  case constant, cosine

  /// From `peak`, after `warmup` steps that lead up to it, over `steps` steps in all.
  func make(peak: Float, steps: Int, warmup: Int) -> Schedule {
    switch self {
    case .constant: .constant(peak).warmedUp(for: warmup)
    case .cosine:
      .cosine(from: peak, to: peak / 10, over: max(1, steps - warmup)).warmedUp(for: warmup)
    }
  }
}

/// Options that every command with kernels takes.
struct ThreadOptions: ParsableArguments {
  @Option(help: "Threads per rank (default: the cores divided by the ranks on this host).")
  var threads: Int?

  func validate() throws {
    try require("--threads", threads, in: 1...1024)
  }

  func apply() {
    if let threads { Threads.count = threads }
  }
}

/// Options about ranks that wait for each other.
struct WatchOptions: ParsableArguments {
  @Option(
    help: "Seconds that ranks wait for one before a table says what each is doing (default: 30).")
  var warnAfter: Double?

  @Option(
    help: "Seconds that ranks wait for one before the job ends, with status 75 (default: 600).")
  var abortAfter: Double?

  func validate() throws {
    for (name, value) in [("--warn-after", warnAfter), ("--abort-after", abortAfter)] {
      if let value, !(value >= 0 && value.isFinite) {
        throw ValidationError("\(name) is \(value); it must be seconds, or 0 for never.")
      }
    }
  }

  func apply(to world: any Communicator) {
    guard let watch = world.watch else { return }
    if let warnAfter { watch.limits.warning = warnAfter }
    if let abortAfter { watch.limits.abort = abortAfter }
  }
}

/// Refuses a value of the option called `name` that is not in `range`.
func require(_ name: String, _ value: Int?, in range: ClosedRange<Int> = counts) throws {
  guard let value, !range.contains(value) else { return }
  throw ValidationError(
    "\(name) is \(value); it must be from \(range.lowerBound) to \(range.upperBound).")
}

/// How many of anything may be asked for: products of two counts do not overflow.
let counts = 1...1_000_000_000
