import ArgumentParser
import Lockstep

/// `lockstep bench ops`
struct BenchOps: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ops",
    abstract: "Time single operations, and what fraction of this machine's limit they reach.",
    discussion: """
      The limit of a matrix product is the fastest product measured in this run; that of anything \
      else is the time to copy the bytes that it must read and write, measured in this run at the \
      same size, so in the same cache.
      """)

  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Print one JSON object per operation.")
  var json = false

  func run() throws {
    threads.apply()
    try withCommunicator { world in
      let limits = MachineLimits()
      if !json {
        print("                                           shape        us   limit us  fraction")
      }
      for operation in OperationBench.all {
        let seconds = bestTime(operation.body)
        if world.isRoot { report(operation, seconds, limits) }
      }
    }
  }

  private func report(_ operation: OperationBench, _ seconds: Double, _ limits: MachineLimits) {
    let limit = operation.limit(limits)
    guard json else {
      func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
      }
      let name = operation.name + String(repeating: " ", count: max(1, 34 - operation.name.count))
      let columns = [
        pad(operation.shape, 14), pad((seconds * 1e6).text(2), 10),
        pad(limit.map { ($0 * 1e6).text(2) } ?? "-", 10),
        pad(limit.map { ($0 / seconds * 100).text(0) + " %" } ?? "-", 8),
      ]
      return print(name + columns.joined())
    }
    print(
      JSONObject([
        "operation": .text(operation.name), "shape": .text(operation.shape),
        "threads": .integer(Threads.count), "us": .number(seconds * 1e6),
        "limit_us": limit.map { .number($0 * 1e6) },
        "fraction": limit.map { .number($0 / seconds) },
      ]))
  }
}

/// The shortest time of many runs of `body`, each long enough for the clock: what the code can do
/// when nothing else runs.
func bestTime(_ body: () -> Void) -> Double {
  body()
  var repetitions = 1
  while true {
    let start = monotonicSeconds()
    for _ in 0..<repetitions { body() }
    if monotonicSeconds() - start > 200e-6 { break }
    repetitions *= 2
  }
  var best = Double.infinity
  let end = monotonicSeconds() + 0.15
  repeat {
    let start = monotonicSeconds()
    for _ in 0..<repetitions { body() }
    best = min(best, (monotonicSeconds() - start) / Double(repetitions))
  } while monotonicSeconds() < end
  return best
}

/// What this machine can do at best, measured.
struct MachineLimits {
  /// Floating-point operations per second of a large matrix product.
  let gemmRate: Double

  init() {
    let (a, b) = (Tensor.normal([768, 768]), Tensor.normal([768, 768]))
    gemmRate = noGrad { 2 * 768 * 768 * 768 / bestTime { _ = matmul(a, b) } }
  }

  /// Seconds to copy `bytes`, read and written bytes counted together.
  func copyTime(_ bytes: Int) -> Double {
    let source = Tensor.zeros([max(16, bytes / 8)])
    let target = Tensor.zeros(source.shape)
    return bestTime { target.assign(source) }
  }
}
