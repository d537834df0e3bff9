#if !Command
#error("the program lockstep needs the trait Command: add --traits Command")
#endif

public import ArgumentParser
import Glibc
public import Lockstep

/// Options that every command with kernels takes.
package struct ThreadOptions: ParsableArguments, Encodable {
  @Option(help: "Threads per rank (default: the cores divided by the ranks on this host).")
  var threads: Int?

  @Option(help: "Who computes matrix products: own, openblas, or auto (own where it is tuned).")
  var products: ProductProvider?

  package init() {}

  package func validate() throws {
    try require("--threads", threads, in: Threads.counts)
    if products == .openblas, MatrixProducts.openBLASDescription == nil {
      throw ValidationError(
        "--products is openblas, which is not installed; install libopenblas0, or take own.")
    }
  }

  package func apply() {
    if let threads { Threads.count = threads }
    if let products { MatrixProducts.provider = products }
  }
}

/// Options about ranks that wait for each other, or for storage.
package struct WatchOptions: ParsableArguments, Encodable {
  @Option(
    help: "Seconds that ranks wait for one before a table says what each is doing (default: 30).")
  var warnAfter: Double?

  @Option(
    help: "Seconds that ranks wait for one before the job ends, with status 75 (default: 600).")
  var abortAfter: Double?

  package init() {}

  package func validate() throws {
    for (name, value) in [("--warn-after", warnAfter), ("--abort-after", abortAfter)] {
      if let value, !(value >= 0 && value.isFinite) {
        throw ValidationError("\(name) is \(value); it must be seconds, or 0 for never.")
      }
    }
  }

  /// Makes them those of this process; to be called before `withCommunicator`, in which ranks wait for
  /// each other for the first time.
  package func apply() {
    if let warnAfter { setenv("LOCKSTEP_WARN_AFTER", "\(warnAfter)", 1) }
    if let abortAfter { setenv("LOCKSTEP_ABORT_AFTER", "\(abortAfter)", 1) }
  }
}

extension CommunicationOverlap: ExpressibleByArgument {}
extension ProductProvider: ExpressibleByArgument {}

/// Refuses a value of the option called `name` that is not in `range`.
package func require(_ name: String, _ value: Int?, in range: ClosedRange<Int> = counts) throws {
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
package let counts = 1...1_000_000_000

/// What is wrong with a command line in one sentence; `message` is ArgumentParser's, which lists
/// values line by line.
package func sentence(of message: String) -> String {
  let lines = message.split(separator: "\n")
  guard let first = lines.first else { return "" }
  let cause = first.hasPrefix("Error: ") ? first.dropFirst(7) : first
  let values = lines.dropFirst().prefix { $0.hasPrefix("  - ") }.map { $0.dropFirst(4) }
  return values.isEmpty ? String(cause) : "\(cause) \(values.joined(separator: ", "))"
}
