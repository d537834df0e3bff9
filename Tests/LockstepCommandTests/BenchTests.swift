import TestSupport
import Testing

/// What `lockstep bench … --json` prints: scripts rely on the keys.
@Suite(.serialized) struct BenchTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private struct Step: Decodable {
    let workload: String
    let ranks: Int
    let threads: Int
    let precision: String
    let step_ms_median: Double
    let step_ms_p10: Double
    let step_ms_p90: Double
    let items_per_second: Double
    let peak_rss_mb: Double
    let loss: Double
  }

  @Test(arguments: [1, 2])
  func stepIsOneObject(_ ranks: Int) throws {
    let bench = try lockstep(
      "bench step --workload mlp --steps 20 --threads 1 --json", ranks: ranks, in: directory)
    let lines = try succeeded(bench).split(separator: "\n")
    #expect(bench.errors == [])
    try #require(lines.count == 1)
    let keys: Set = [
      "workload", "ranks", "threads", "precision", "products", "step_ms_median", "step_ms_mean",
      "step_ms_p10",
      "step_ms_p90",
      "items_per_second", "peak_rss_mb", "loss", "compute_ms", "communication_ms", "waiting_ms",
      "data_ms", "slowest_rank",
    ]
    #expect(try jsonKeys(lines[0].utf8) == keys)
    let step: Step = try json(lines[0])
    #expect(step.workload == "mlp")
    #expect(step.ranks == ranks)
    #expect(step.threads == 1)
    #expect(step.precision == "float32")
    #expect(step.step_ms_p10 > 0)
    #expect(step.step_ms_p10 <= step.step_ms_median)
    #expect(step.step_ms_median <= step.step_ms_p90)
    let items = step.items_per_second * step.step_ms_median / 1000
    #expect(abs(items - Double(128 * ranks)) < 1e-6 * items)
    // Weights, gradients and momentum of 784-512-512-10 take 8 MB.
    #expect(step.peak_rss_mb > 8)
    // Below that of a guess, ln 10, after 40 steps on the same batch.
    #expect(step.loss > 0 && step.loss < 2.3)
  }

  /// An uneven share, and a share of nothing.
  @Test func globalBatchIsSharedOut() throws {
    let options = "bench step --workload mlp --steps 2 --threads 1 --json --global-batch"
    let shared = try succeeded(try lockstep("\(options) 3", ranks: 2, in: directory))
    let step: Step = try json(shared)
    let items = step.items_per_second * step.step_ms_median / 1000
    #expect(abs(items - 3) < 1e-6)
    expectFailure(
      try lockstep("\(options) 1", ranks: 2, in: directory), 64,
      "--global-batch is 1; it must be at least the number of ranks, 2")
  }

  private struct AllReduce: Decodable {
    let bytes: Int
    let ranks: Int
    let algorithm: String
    let us_median: Double
    let gb_per_second: Double
    let bus_gb_per_second: Double
    let ratio_to_mpi: Double
    let copy_fraction: Double
  }

  @Test(arguments: [1, 2])
  func allReduceIsAnObjectForEachSizeAndAlgorithm(_ ranks: Int) throws {
    let bench = try lockstep("bench allreduce --json", ranks: ranks, in: directory)
    let lines = try succeeded(bench).split(separator: "\n")
    #expect(bench.errors == [])
    let keys: Set = [
      "bytes", "ranks", "algorithm", "us_median", "gb_per_second", "bus_gb_per_second",
      "ratio_to_mpi", "copy_fraction",
    ]
    for line in lines { #expect(try jsonKeys(line.utf8) == keys) }
    let sizes: [AllReduce] = try lines.map { try json($0) }
    // One rank shares memory with nobody.
    let algorithms = ranks == 1 ? ["mpi"] : ["mpi", "shared"]
    #expect(
      sizes.map { "\($0.bytes) \($0.algorithm)" }
        == (0...12).flatMap { size in algorithms.map { "\(4 << (2 * size)) \($0)" } })
    for (index, size) in sizes.enumerated() {
      #expect(size.ranks == ranks)
      let mpi = sizes[index - index % algorithms.count]
      #expect(abs(size.ratio_to_mpi - mpi.us_median / size.us_median) < 1e-6 * size.ratio_to_mpi)
      // 2 (p - 1) / p
      let busRate = size.gb_per_second * Double(ranks - 1)
      #expect(abs(size.bus_gb_per_second - busRate) <= 1e-6 * busRate)
      #expect(ranks == 1 ? size.copy_fraction == 0 : size.copy_fraction > 0)
      #expect(size.us_median > 0)
      let rate = Double(size.bytes) / size.us_median / 1000
      #expect(abs(size.gb_per_second - rate) < 1e-6 * rate)
    }
  }

  @Test(arguments: ["step --steps 1", "allreduce"])
  func textIsForPeople(_ what: String) throws {
    let text = try succeeded(try lockstep("bench \(what)", in: directory))
    #expect(text.contains("1 rank(s)"))
    #expect(text.contains("{") == false)
  }
}
