import ArgumentParser
import Lockstep

/// `lockstep bench allreduce`
struct BenchAllReduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allreduce",
    abstract: "Time all-reduces of float32 sums from 4 bytes to 64 MB.")

  @Flag(help: "Print one JSON object per size.")
  var json = false

  func run() throws {
    try withCommunicator { world in
      let largest = 64 << 20
      let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: largest / 4)
      buffer.initialize(repeating: 0)
      defer { buffer.deallocate() }
      if world.isRoot, !json {
        print("       bytes      us median    GB/s   (\(world.size) rank(s))")
      }
      var bytes = 4
      while bytes <= largest {
        let part = UnsafeMutableBufferPointer(rebasing: buffer[..<(bytes / 4)])
        let seconds = measure(world, part)
        if world.isRoot { report(bytes, world.size, seconds) }
        bytes *= 4
      }
    }
  }

  /// The median time of the slowest rank, in seconds.
  private func measure(
    _ world: any Communicator, _ buffer: UnsafeMutableBufferPointer<Float>
  ) -> Double {
    let repetitions = max(10, min(1000, (64 << 20) / max(1, buffer.count * 4)))
    var seconds: [Double] = []
    for round in 0..<(repetitions + 5) {
      world.barrier()
      let start = monotonicSeconds()
      world.allReduce(buffer, .sum)
      if round >= 5 { seconds.append(monotonicSeconds() - start) }
    }
    return world.maximum(Timings(seconds).median)
  }

  private func report(_ bytes: Int, _ ranks: Int, _ seconds: Double) {
    let rate = Double(bytes) / seconds / 1e9
    guard json else {
      func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
      }
      print(pad("\(bytes)", 12), pad((seconds * 1e6).text(2), 14), pad(rate.text(3), 7))
      return
    }
    print(
      JSONObject([
        "bytes": .integer(bytes), "ranks": .integer(ranks), "algorithm": .text("mpi"),
        "us_median": .number(seconds * 1e6), "gb_per_second": .number(rate),
      ]))
  }
}
