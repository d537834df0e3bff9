import Foundation
import Parallel
import TestSupport
import Testing

/// `lockstep bench scaling`, which starts ranks itself.
@Suite(.serialized) struct ScalingTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private struct Row: Decodable {
    let workload: String
    let ranks: Int
    let mode: String
    let step_ms_median: Double
    let items_per_second: Double
    let efficiency: Double
    let compute_ms: Double
    let communication_ms: Double
    let waiting_ms: Double
    let data_ms: Double
    let slowest_rank: Int
  }

  private func scaling(_ options: String, path: String? = nil) throws -> ProcessRun {
    try runStartingRanks(
      "lockstep", ["bench", "scaling"] + options.split(separator: " ").map(String.init),
      environment: path.map { ["PATH": $0] } ?? [:], in: directory.path)
  }

  @Test(arguments: [("weak", [128, 256]), ("strong", [128, 128])])
  func printsARowForEachNumberOfRanks(_ mode: String, _ items: [Int]) throws {
    let bench = try scaling("--workload mlp --ranks 1,2 --steps 12 --\(mode) --json")
    let lines = try succeeded(bench).split(separator: "\n")
    let keys: Set = [
      "workload", "ranks", "mode", "step_ms_median", "items_per_second", "efficiency",
      "compute_ms", "communication_ms", "waiting_ms", "data_ms", "slowest_rank",
    ]
    for line in lines { #expect(try jsonKeys(line.utf8) == keys) }
    let rows: [Row] = try lines.map { try json($0) }
    try #require(rows.map(\.ranks) == [1, 2])
    for (row, items) in zip(rows, items) {
      #expect(row.workload == "mlp")
      #expect(row.mode == mode)
      let found = row.items_per_second * row.step_ms_median / 1000
      #expect(abs(found - Double(items)) < 1e-6 * found)
      let perRank = row.items_per_second / Double(row.ranks)
      #expect(abs(row.efficiency - perRank / rows[0].items_per_second) < 1e-6)
      #expect(row.compute_ms > 0 && row.data_ms > 0)
      #expect((0..<row.ranks).contains(row.slowest_rank))
    }
    #expect(rows[0].waiting_ms == 0)
    #expect(rows[1].communication_ms > 0 && rows[1].waiting_ms > 0)
  }

  /// Jobs that a script stands in for: of 2 ranks in 3, 1 and 2 ms, of 3 ranks in 2, 4 and 6 ms.
  @Test func roundsTakeTurnsAndMediansCount() throws {
    let script = """
      #!/bin/sh
      echo "$2" >>order
      case $(wc -l <order) in 1) ms=3 ;; 3) ms=1 ;; 4) ms=4 ;; 6) ms=6 ;; *) ms=2 ;; esac
      echo '{"ranks":'$2',"step_ms_median":'$ms',"items_per_second":'$((12 * $2 / ms))',\
      "compute_ms":1,"communication_ms":1,"waiting_ms":1,"data_ms":1,"slowest_rank":1}'
      """
    let bench = try scaling("--ranks 2,3 --rounds 3 --json", path: try mpirun(script))
    let rows: [Row] = try succeeded(bench).split(separator: "\n").map { try json($0) }
    let order = try String(contentsOfFile: directory.path + "/order", encoding: .utf8)
    #expect(order == "2\n3\n2\n3\n2\n3\n")
    #expect(rows.map(\.ranks) == [2, 3])
    #expect(rows.map(\.step_ms_median) == [2, 4])
    // 3/2, 1/4 and 2/6, of the rounds and not of the medians.
    #expect(rows.map(\.efficiency).map { ($0 * 1000).rounded() } == [1000, 333])
    let progress = bench.errors(startingWith: "round ")
    #expect(progress == ["round 1 of 3", "round 2 of 3", "round 3 of 3"])
    expectFailure(try scaling("--rounds 0"), 64, "--rounds is 0; it must be from 1")
  }

  /// The search path of a program with this `script` as its mpirun.
  private func mpirun(_ script: String) throws -> String {
    try directory.writeProgram(script, to: "bin/mpirun")
    return directory.path + "/bin:/bin:/usr/bin"
  }

  @Test func tableNamesWhatProvesNothing() throws {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let bench = try scaling("--ranks 1,\(cores + 1) --steps 2")
    let lines = try succeeded(bench).split(separator: "\n")
    try #require(lines.count == 4, "\(lines)")
    #expect(lines[0] == "mlp, weak scaling: 128 samples per rank, 1 thread(s) per rank")
    #expect(lines[3].contains(" *\(cores + 1) "))
    let notes = bench.errors(startingWith: "note: \(cores + 1) ranks x 1 thread(s) take turns on")
    #expect(notes.count == 1, "\(bench.errors)")
  }

  /// The local machine as the only one in the file.
  @Test func takesAHostFile() throws {
    try directory.write(Array("localhost slots=2\n".utf8), to: "hosts")
    let bench = try scaling("--ranks 2 --steps 2 --json --hostfile hosts")
    #expect(try succeeded(bench).contains("\"ranks\":2"))
    expectFailure(
      try scaling("--hostfile nowhere"), 69, "error: nowhere: cannot read this host file")
  }

  @Test func missingMpirunIsNamed() throws {
    let bench = try scaling("--ranks 2 --steps 2", path: directory.path)
    expectFailure(bench, 69, "error: mpirun: not found in PATH")
  }

  /// It gives a rank that is alone some of several cores.
  @Test(.enabled(if: CoreAllowance.current().cores.count > 1))
  func missingTasksetIsNamed() throws {
    let bench = try scaling("--ranks 1 --steps 2", path: directory.path)
    expectFailure(bench, 69, "error: taskset: not found in PATH; install util-linux")
  }

  /// The ranks' last line and their status come through, whatever they are.
  @Test func failureOfTheJobIsPassedOn() throws {
    let script = """
      #!/bin/sh
      echo 'error: rank 1/2 (node2): MPI_Allreduce: no route' >&2
      echo 'something that mpirun says' >&2
      exit 75
      """
    let bench = try scaling("--ranks 2 --steps 2", path: try mpirun(script))
    expectFailure(
      bench, 75, "error: a job of 2 rank(s): rank 1/2 (node2): MPI_Allreduce: no route")
  }

  @Test func ranksCannotStartRanks() throws {
    expectFailure(
      try lockstep("bench scaling --ranks 2", ranks: 2, in: directory), 64,
      "bench scaling starts mpirun itself; run it without")
  }
}
