import ArgumentParser
import Benchmarks
import Lockstep
import Support
import Training

/// `lockstep bench ops`
struct BenchOps: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ops",
    abstract: "Time single operations beside what limits them, and beside PyTorch.",
    discussion: """
      Each time is that of forward and backward together, except where the table says otherwise. \
      The limit of products is the fastest large product measured in this run, by OpenBLAS or by \
      Lockstep; that of anything else is the time to move the bytes it must read and write between memory and processor, \
      measured in this run on memory that no cache holds. What fits a cache can be faster. Products are timed \
      by our own kernels, and by OpenBLAS where it is installed.

      PyTorch is timed where it is present: with --python, or where launch/compare-pytorch \
      installs it.
      """)

  @OptionGroup var threads: ThreadOptions

  @Option(help: "A Python that has PyTorch.")
  var python: String?

  @Option(help: "Time only the operations whose name contains this.")
  var only = ""

  @Flag(help: "Print one JSON object per operation.")
  var json = false

  func run() throws {
    threads.apply()
    try withCommunicator { world in
      guard world.isRoot else { return }
      let limits = MachineLimits()
      let peer = PyTorchPeer(python: python)
      if let python, peer == nil { throw ValidationError("--python: cannot run \(python)") }
      let peerTimes = try peer?.times(threads: Threads.count) ?? [:]
      let operations = OperationBench.all.filter { only.isEmpty || $0.name.contains(only) }
      let table = Self.table.fitting(operations.map { [$0.name, $0.shape] })
      if !json {
        try printResult(
          """
          limits: product \((limits.gemmRate / 1e9).text(1)) GFLOP/s, memory \
          \((limits.copyBandwidth / 1e9).text(1)) GB/s copying, \
          \((limits.inPlaceBandwidth / 1e9).text(1)) GB/s in place
          """)
        try printResult(table.header)
      }
      for operation in operations {
        let body = operation.prepare()
        let times =
          operation.isMatrixProduct ? timesByProvider(body) : (own: bestTime(body), openBLAS: nil)
        try report(
          operation, times.own, operation.limit(limits), peer: peerTimes[operation.peerName],
          openBLAS: times.openBLAS, table)
      }
    }
  }

  private func report(
    _ operation: OperationBench, _ seconds: Double, _ limit: Double?, peer: Double?,
    openBLAS: Double?, _ table: TextTable
  ) throws {
    guard json else {
      let columns = [
        (seconds * 1e6).text(2), limit.map { ($0 * 1e6).text(2) },
        limit.map { ($0 / seconds * 100).text(0) + " %" }, peer.map { ($0 * 1e6).text(2) },
        peer.map { (seconds / $0).text(2) }, openBLAS.map { ($0 * 1e6).text(2) },
        openBLAS.map { (seconds / $0).text(2) },
      ]
      return try printResult(
        table.line([operation.name, operation.shape] + columns.map { $0 ?? "-" }))
    }
    try printResult(
      JSONObject([
        "operation": .text(operation.name), "shape": .text(operation.shape),
        "threads": .integer(Threads.count), "us": .number(seconds * 1e6),
        "limit_us": limit.map { .number($0 * 1e6) },
        "fraction": limit.map { .number($0 / seconds) },
        "pytorch_us": peer.map { .number($0 * 1e6) },
        "pytorch_ratio": peer.map { .number(seconds / $0) },
        "openblas_us": openBLAS.map { .number($0 * 1e6) },
        "openblas_ratio": openBLAS.map { .number(seconds / $0) },
      ]))
  }

  private static let table = TextTable(
    [.left(""), .right("")]
      + ["us", "limit us", "reached", "PyTorch us", "ratio", "OpenBLAS us", "ratio"]
      .map { .right($0, width: 10) })
}
