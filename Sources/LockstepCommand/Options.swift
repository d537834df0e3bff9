import ArgumentParser
import Lockstep

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
