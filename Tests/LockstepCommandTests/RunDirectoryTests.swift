import TestSupport
import Testing

/// Where `lockstep train` puts its results.
@Suite(.serialized) struct RunDirectoryTests {
  private let directory: TemporaryDirectory

  /// What a run leaves.
  private static let files = [
    ".lock", "best.safetensors", "checkpoints", "metrics.jsonl", "model.safetensors", "run.json",
  ]

  init() throws { directory = try TemporaryDirectory() }

  @Test(arguments: [1, 2])
  func isNamedByTheTimeUnlessGiven(_ ranks: Int) throws {
    let training = try lockstep("train --steps 1", ranks: ranks, in: directory)
    try succeeded(training)
    #expect(directory.list() == ["runs"])
    let runs = directory.list("runs")
    #expect(runs.count == 1)
    let name = try #require(runs.first)
    #expect(name.wholeMatch(of: /20[0-9]{6}-[0-9]{6}/) != nil, "\(name)")
    #expect(directory.list("runs/\(name)") == Self.files)
    #expect(training.errors.last?.hasSuffix("; results in runs/\(name)") == true)
  }

  @Test func isNewInTheSameSecond() throws {
    for _ in 1...4 { try succeeded(try lockstep("train --steps 1 --quiet", in: directory)) }
    let runs = directory.list("runs")
    #expect(runs.count == 4)
    for run in runs {
      #expect(run.wholeMatch(of: /20[0-9]{6}-[0-9]{6}(-[234])?/) != nil, "\(run)")
      #expect(directory.list("runs/\(run)") == Self.files)
    }
  }

  /// Of runs that start at the same moment one gets the directory; under other names each its own.
  ///
  /// By bash: another shell may wait for ever where the test blocks the signal that a child has ended.
  @Test func isNotSharedByRunsThatStartTogether() throws {
    let program = try builtProgram("lockstep")
    let train = "'\(program)' train --steps 20 --threads 1 --quiet"
    let script = """
      for i in 1 2 3 4; do (\(train) --run-dir run; echo $? >status-$i) 2>error-$i & done
      for i in 1 2 3; do (\(train); echo $? >>named) & done
      wait
      """
    try succeeded(
      try run(
        ["/bin/bash", "-c", script], environment: ["SWIFT_BACKTRACE": "enable=no"],
        in: directory.path))
    let statuses = try (1...4).map {
      String(decoding: try directory.read("status-\($0)"), as: UTF8.self)
    }
    #expect(statuses.sorted() == ["0\n", "73\n", "73\n", "73\n"])
    for (number, status) in zip(1...4, statuses) where status != "0\n" {
      let error = String(decoding: try directory.read("error-\(number)"), as: UTF8.self)
      let isLate = error.hasPrefix("error: run holds ") && error.contains(" of another run")
      #expect(isLate || error.hasPrefix("error: run is in use by process "), "\(error)")
    }
    #expect(try Metrics(of: "run", in: directory).steps.map(\.step) == Array(1...20))
    #expect(try directory.read("named") == Array("0\n0\n0\n".utf8))
    let names = directory.list("runs")
    #expect(names.count == 3)
    for name in names {
      #expect(try Metrics(of: "runs/\(name)", in: directory).steps.count == 20)
    }
  }

  @Test func isMadeWithItsParents() throws {
    try succeeded(try lockstep("train --steps 1 --run-dir a/b//c/", in: directory))
    #expect(directory.list("a/b/c") == Self.files)
  }

  @Test(arguments: [1, 2])
  func keepsTheRunThatItHolds(_ ranks: Int) throws {
    try succeeded(try lockstep("train --steps 2 --run-dir run", in: directory))
    let names = directory.list("run").filter { $0 != "checkpoints" }
    let contents = try names.map { try directory.read("run/\($0)") }
    let second = try lockstep("train --seed 1 --run-dir run", ranks: ranks, in: directory)
    expectFailure(
      second, 73, "run holds metrics.jsonl of another run; choose another --run-dir or move it")
    #expect(directory.list("run") == Self.files)
    #expect(try names.map { try directory.read("run/\($0)") } == contents)
  }

  @Test func mayHoldOtherFiles() throws {
    try succeeded(try lockstep("train --steps 1 --run-dir .", in: directory))
    try directory.write([1, 2, 3], to: "notes")
    for name in ["metrics.jsonl", "run.json", "checkpoints"] { directory.remove(name) }
    expectFailure(
      try lockstep("train --steps 1 --run-dir .", in: directory), 73,
      "model.safetensors of another run")
    directory.remove("model.safetensors")
    try succeeded(try lockstep("train --steps 1 --run-dir .", in: directory))
    #expect(directory.list().filter { $0 != "notes" } == Self.files)
    #expect(try directory.read("notes") == [1, 2, 3])
  }

  @Test(arguments: ["file", "file/run", "/proc/run"], [1, 2])
  func mustBeWritable(_ path: String, _ ranks: Int) throws {
    try directory.write([], to: "file")
    let training = try lockstep("train --run-dir \(path)", ranks: ranks, in: directory)
    expectFailure(training, 73, "cannot create \(path)")
    #expect(try directory.read("file") == [])
  }
}
