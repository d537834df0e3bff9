public import ArgumentParser
public import Lockstep

/// Options that every command with kernels takes.
struct ThreadOptions: ParsableArguments, Encodable {
  @Option(help: "Threads per rank (default: the cores divided by the ranks on this host).")
  var threads: Int?

  @Option(help: "Who computes matrix products: own, openblas, or auto (own where it is tuned).")
  var products: ProductProvider?

  func validate() throws {
    try require("--threads", threads, in: 1...1024)
    if products == .openblas, MatrixProducts.openBLASDescription == nil {
      throw ValidationError(
        "--products is openblas, which is not installed; install libopenblas0, or take own.")
    }
  }

  func apply() {
    if let threads { Threads.count = threads }
    if let products { MatrixProducts.provider = products }
  }
}

/// Options about ranks that wait for each other.
struct WatchOptions: ParsableArguments, Encodable {
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

extension CommunicationOverlap: ExpressibleByArgument {}
extension ProductProvider: ExpressibleByArgument {}

/// Refuses a value of the option called `name` that is not in `range`.
func require(_ name: String, _ value: Int?, in range: ClosedRange<Int> = counts) throws {
  guard let value, !range.contains(value) else { return }
  throw ValidationError(
    "\(name) is \(value); it must be from \(range.lowerBound) to \(range.upperBound).")
}

/// Refuses a value of the option called `name` that is not positive.
func requirePositive(_ name: String, _ value: Float?) throws {
  guard let value, !(value > 0 && value.isFinite) else { return }
  throw ValidationError("\(name) is \(value); it must be positive.")
}

/// How many of anything may be asked for: products of two counts do not overflow.
let counts = 1...1_000_000_000
