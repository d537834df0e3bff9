import ArgumentParser
import Benchmarks
import Lockstep
import Support

/// `lockstep bench allreduce`
struct BenchAllReduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allreduce",
    abstract: "Time all-reduces of float32 sums from 4 bytes to 64 MB.",
    discussion: """
      'mpi' is MPI_Allreduce, 'shared' is what training uses where all ranks are on one host; they \
      take turns. As in training, each rank has just written its values. The bus bandwidth, \
      2(p - 1)/p of the bytes in the time, is what each rank must send at least and shows how well \
      the hardware is used on any number of ranks; beside it, the share that it is of what copying \
      memory reaches on all ranks at once.
      """)

  @Flag(help: "Print one JSON object per size and algorithm.")
  var json = false

  func run() throws {
    try withCommunicator { world in
      let bench = AllReduceBench(over: world)
      if world.size > 1, !bench.hasSharedMemory, world.isRoot {
        printError("note: the ranks are on several hosts or /dev/shm is full: no rows 'shared'\n")
      }
      if world.isRoot, !json {
        try printResult("\(world.size) rank(s)\n" + Self.table.header)
      }
      for bytes in (0...12).map({ 4 << (2 * $0) }) {
        let seconds = bench.measure(bytes)
        if world.isRoot { try report(bytes, world.size, seconds) }
      }
    }
  }

  private static let table = TextTable([
    .right("bytes", width: 10), .right("algorithm"), .right("us median", width: 10),
    .right("GB/s", width: 7), .right("bus GB/s"), .right("x mpi", width: 6), .right("of copy"),
  ])

  private func report(_ bytes: Int, _ ranks: Int, _ seconds: AllReduceBench.Times) throws {
    let rows = [("mpi", seconds.mpi)] + (seconds.shared.map { [("shared", $0)] } ?? [])
    for (algorithm, time) in rows {
      let rate = Double(bytes) / time / 1e9
      let busRate = rate * 2 * Double(ranks - 1) / Double(ranks)
      let ofCopy = busRate / (Double(bytes) / seconds.copy / 1e9)
      guard json else {
        try printResult(
          Self.table.line([
            "\(bytes)", algorithm, (time * 1e6).text(2), rate.text(3), busRate.text(3),
            (seconds.mpi / time).text(2), ofCopy.text(3),
          ]))
        continue
      }
      try printResult(
        JSONObject([
          "bytes": .integer(bytes), "ranks": .integer(ranks), "algorithm": .text(algorithm),
          "us_median": .number(time * 1e6), "gb_per_second": .number(rate),
          "bus_gb_per_second": .number(busRate), "ratio_to_mpi": .number(seconds.mpi / time),
          "copy_fraction": .number(ofCopy),
        ]))
    }
  }
}
