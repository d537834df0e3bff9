import TestSupport
import Testing

/// `launch/train` and `launch/scaling`, which start ranks.
@Suite(.serialized) struct TrainScriptTests {
  private let scripts: Scripts

  init() throws {
    scripts = try Scripts()
    try scripts.useBuiltProgram()
  }

  private func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

  @Test(arguments: [1, 2])
  func trainsOnRanks(_ ranks: Int) throws {
    let options = "-n \(ranks) --steps 3 --quiet --run-dir runs/this"
    let training = try scripts.run("train", words(options))
    #expect(training.status == 0 && training.output == "", "\(training.errors)")
    let rest = training.errors.filter { !$0.hasPrefix("note: \(ranks) ranks x 1 threads share") }
    #expect(rest == [])
    let files = scripts.directory.list("runs/this")
    #expect(Set(files).isSuperset(of: ["metrics.jsonl", "model.safetensors", "run.json"]))
  }

  /// The rank's line and status come through, and nothing of what mpirun says of it.
  @Test func failuresComeThrough() throws {
    let options = "-n 2 --optimizer sgd --learning-rate 1e30 --quiet --run-dir run"
    let training = try scripts.run("train", words(options))
    #expect(training.status == 79)
    let lines = training.errors.filter { !$0.hasPrefix("note: ") }
    #expect(lines.count == 1 && lines[0].hasPrefix("error: "), "\(lines)")
  }

  @Test func printsItsCommand() throws {
    let program = scripts.root + "/.build/release/lockstep"
    let alone = try scripts.run("train", words("-n 1 --threads 3 --print --steps 5"))
    #expect(
      alone.output
        == "env SWIFT_BACKTRACE=enable=no LOCKSTEP_NUM_THREADS=3 \(program) train --steps 5\n",
      "\(alone.errors)")
    let ranks = try scripts.run("train", words("-n 2 --threads=1 --print -- --seed -4 --ignore="))
    #expect(ranks.output.hasPrefix("mpirun -n 2 "))
    #expect(
      ranks.output.hasSuffix(
        " -x SWIFT_BACKTRACE=enable=no -x LOCKSTEP_NUM_THREADS=1 \(program) train --seed -4 "
          + "--ignore=\n"), "\(ranks.output)")
    try scripts.directory.write(Array("localhost slots=2\n".utf8), to: "hosts")
    let hosts = try scripts.run("train", words("--hostfile hosts --print"))
    #expect(hosts.output.contains(" --hostfile hosts --map-by slot:PE=1 "), "\(hosts.errors)")
    #expect(!hosts.output.contains(" -n "))
  }

  @Test(arguments: [
    ("train", "-n", 64, "error: -n needs a value; see launch/train --help"),
    ("train", "-n two", 64, "error: The value 'two' is invalid for '-n <ranks>'. See "),
    ("train", "-n 0", 64, "error: -n is 0; it must be from 1 to 100000. See "),
    ("train", "--threads 0", 64, "error: --threads is 0; it must be from 1 to 1024. See "),
    ("train", "--hostfile nowhere", 69, "error: nowhere: cannot read this host file"),
    ("scaling", "--hostfile", 64, "error: Missing value for '--hostfile <hostfile>'. See "),
    ("scaling", "--hostfile=nowhere", 69, "error: nowhere: cannot read this host file"),
  ])
  func mistakesAreNamed(_ script: String, _ line: String, _ status: Int32, _ cause: String) throws {
    let failure = try scripts.run(script, words(line))
    #expect(failure.status == status && failure.output == "")
    #expect(failure.errors.count == 1 && failure.errors[0].hasPrefix(cause), "\(failure.errors)")
  }

  @Test(arguments: ["train", "scaling", "compare-pytorch", "test"])
  func helpIsPrinted(_ script: String) throws {
    let help = try scripts.run(script, ["--help"])
    #expect(help.status == 0 && help.errors == [])
    #expect(help.output.contains("launch/\(script)"), "\(help.output)")
  }

  @Test func buildFailuresEndTheScript() throws {
    try scripts.standIn("swift", "echo 'a.swift:1: error: no'; exit 1")
    for script in ["train", "scaling"] {
      let failure = try scripts.run(script, ["--print"])
      #expect(failure.status == 70)
      #expect(failure.errors == ["a.swift:1: error: no", "error: the build failed; see above"])
    }
  }

  @Test func scalingIsMeasured() throws {
    let bench = try scripts.run("scaling", words("-n 1,2 --workload mlp --steps 2 --json"))
    #expect(bench.status == 0, "\(bench.errors)")
    #expect(bench.lines.count == 2)
    #expect(bench.lines.allSatisfy { $0.contains("\"workload\":\"mlp\"") }, "\(bench.output)")
  }

  @Test func scalingPrintsItsCommands() throws {
    let step = "bench step --json --load-data --workload mlp --steps 100"
    let chosen = try scripts.run("scaling", words("-n 2,3 --print --strong"))
    try #require(chosen.lines.count == 2, "\(chosen.errors)")
    #expect(chosen.lines[0].hasPrefix("mpirun -n 2 ") && chosen.lines[1].hasPrefix("mpirun -n 3 "))
    #expect(chosen.lines.allSatisfy { $0.hasSuffix(" \(step) --global-batch 128") })
    let here = try scripts.run("scaling", ["--print"])
    #expect(here.lines.first?.hasPrefix("env ") == true, "\(here.errors)")
    #expect(here.lines.first?.hasSuffix(" \(step)") == true, "\(here.output)")
    try scripts.directory.write(Array("localhost slots=2\n".utf8), to: "hosts")
    let hosts = try scripts.run("scaling", words("--hostfile hosts --print"))
    #expect(hosts.lines.count == 3, "\(hosts.errors)")
    for (line, ranks) in zip(hosts.lines, [1, 2, 4]) {
      #expect(line.hasPrefix("mpirun -n \(ranks) ") && line.contains(" --hostfile hosts "))
    }
  }
}
