import ArgumentParser
import Benchmarks
import Glibc
import Lockstep
import Support
import Training

/// `lockstep bench scaling`
struct BenchScaling: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Time a training step on several numbers of ranks, and say where its time goes.",
    discussion: """
      Starts mpirun itself, once for each number of ranks. Efficiency is samples per second and \
      rank, divided by those of the first number of ranks, in the same round. A rank that is alone \
      has as many cores as each of several: others in every round.
      """)

  @Option(help: "The workload, as in 'bench step'.")
  var workload = Workload.mlp

  @Option(
    name: [.long, .customShort("n")],
    help: """
      The numbers of ranks, separated by commas (default: 1 and its doubles up to the cores; with \
      --hostfile 1,2,4).
      """)
  var ranks: String?

  @Flag(
    help: """
      weak: every rank has the workload's batch; strong: the batch of one rank is shared out over \
      all ranks.
      """)
  var mode = ScalingMode.weak

  @Option(help: "How many steps are timed, on each number of ranks.")
  var steps = 100

  @Option(
    help: """
      How often each number of ranks is measured, in turns, so that a machine that changes its \
      speed does so for all of them: medians are printed.
      """)
  var rounds = 1

  @Option(help: "Threads per rank.")
  var threads = 1

  @Option(help: "The hosts, one a line, such as 'node1 slots=8' (default: this machine alone).")
  var hostfile: String?

  @Flag(help: "Print one JSON object for each number of ranks.")
  var json = false

  @Flag(help: "Print the commands of the jobs instead of running them.")
  var print = false

  func validate() throws {
    try require("--steps", steps)
    try require("--rounds", rounds)
    try require("--threads", threads, in: 1...1024)
    for ranks in try rankCounts() where mode == .strong && ranks > workload.batchSize {
      throw ValidationError(
        """
        --strong cannot share \(workload.batchSize) samples, the batch of \
        \(workload.rawValue), out over \(ranks) ranks.
        """)
    }
  }

  private func rankCounts() throws -> [Int] {
    guard let ranks else {
      if hostfile != nil { return [1, 2, 4] }
      let cores = Threads.availableCores
      return Array(sequence(first: 1) { $0 * 2 <= cores ? $0 * 2 : nil })
    }
    return try ranks.split(separator: ",", omittingEmptySubsequences: false).map { word in
      guard let count = Int(word), (1...100_000).contains(count) else {
        throw ValidationError(
          "--ranks is \(ranks); '\(word)' is no number of ranks from 1 to 100000.")
      }
      return count
    }
  }

  func run() throws {
    let counts = try rankCounts()
    try withCommunicator { _ in
      try LaunchFailure.refuseRanks("bench scaling")
      if let hostfile { try HostFile.check(hostfile) }
      let launcher = RankLauncher(threads: threads, hostFile: hostfile)
      if print {
        for count in counts {
          try printResult(shellQuoted(try launcher.command(arguments, ranks: count, turn: 0)))
        }
        return
      }
      sayWhatIsCrowded(counts, launcher)
      var measured = counts.map { _ in [ScalingRow]() }
      for round in 1...rounds {
        if rounds > 1 { printError("round \(round) of \(rounds)\n") }
        for (index, count) in counts.enumerated() {
          let output = try launcher.run(arguments, ranks: count, turn: round - 1)
          measured[index].append(try ScalingRow(output))
          guard round == rounds else { continue }
          if index == 0, !json { try printResult(header) }
          try report(measured[index], against: measured[0], isCrowded: launcher.isCrowded(count))
        }
      }
    }
  }

  private var arguments: [String] {
    ["bench", "step", "--json", "--load-data", "--workload", workload.rawValue]
      + ["--steps", "\(steps)"]
      + (mode == .strong ? ["--global-batch", "\(workload.batchSize)"] : [])
  }

  private func sayWhatIsCrowded(_ counts: [Int], _ launcher: RankLauncher) {
    let crowded = counts.filter(launcher.isCrowded)
    guard !crowded.isEmpty else { return }
    printError(
      """
      note: \(crowded.map(String.init).joined(separator: ", ")) ranks x \(threads) thread(s) \
      take turns on \(launcher.cores) core(s): rows marked * show that the ranks work, not how \
      they scale\n
      """)
  }

  private static let table = TextTable([
    .right("ranks", width: 6), .right("step ms", width: 8), .right("items/s", width: 8),
    .right("efficiency"), .right("computing"), .right("communication"),
    .right("waiting", width: 8), .right("data", width: 6), .right("slowest", width: 8),
  ])

  private var header: String {
    let batch = "\(workload.batchSize) samples \(mode == .weak ? "per rank" : "over all ranks")"
    return
      "\(workload.rawValue), \(mode.rawValue) scaling: \(batch), \(threads) thread(s) per rank\n"
      + Self.table.header
  }

  /// Prints the middle one of `rows`, a round each, and the middle one of their efficiencies.
  private func report(_ rows: [ScalingRow], against first: [ScalingRow], isCrowded: Bool) throws {
    let row = middle(rows) { $0.stepMilliseconds }
    let efficiency = middle(zip(rows, first).map { $0.efficiency(against: $1) }) { $0 }
    if json { return try printResult(row.object(workload, mode, efficiency: efficiency)) }
    try printResult(
      Self.table.line([
        (isCrowded ? "*" : "") + "\(row.ranks)", row.stepMilliseconds.text(3),
        row.itemsPerSecond.text(0), (efficiency * 100).text(1) + " %", row.compute.text(3),
        row.communication.text(3), row.waiting.text(3), row.data.text(3),
        row.ranks == 1 ? "-" : "rank \(row.slowestRank)",
      ]))
  }
}

/// The lower median of `values` by what `key` says of them.
private func middle<Value>(_ values: [Value], by key: (Value) -> Double) -> Value {
  values.sorted { key($0) < key($1) }[(values.count - 1) / 2]
}

extension ScalingMode: EnumerableFlag {}
