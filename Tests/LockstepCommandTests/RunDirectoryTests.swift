import TestSupport
import Testing

/// Where `lockstep train` puts its results.
@Suite(.serialized) struct RunDirectoryTests {
  private let directory: TemporaryDirectory

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
    #expect(directory.list("runs/\(name)") == ["metrics.jsonl", "model.safetensors", "run.json"])
    #expect(training.errors.last?.hasSuffix("; results in runs/\(name)") == true)
  }

  @Test func isNewInTheSameSecond() throws {
    for _ in 1...4 { try succeeded(try lockstep("train --steps 1 --quiet", in: directory)) }
    let runs = directory.list("runs")
    #expect(runs.count == 4)
    for run in runs {
      #expect(run.wholeMatch(of: /20[0-9]{6}-[0-9]{6}(-[234])?/) != nil, "\(run)")
      #expect(directory.list("runs/\(run)").count == 3)
    }
  }

  @Test func isMadeWithItsParents() throws {
    try succeeded(try lockstep("train --steps 1 --run-dir a/b//c/", in: directory))
    #expect(directory.list("a/b/c") == ["metrics.jsonl", "model.safetensors", "run.json"])
  }

  @Test(arguments: [1, 2])
  func keepsTheRunThatItHolds(_ ranks: Int) throws {
    try succeeded(try lockstep("train --steps 2 --run-dir run", in: directory))
    let names = directory.list("run")
    let contents = try names.map { try directory.read("run/\($0)") }
    let second = try lockstep("train --seed 1 --run-dir run", ranks: ranks, in: directory)
    expectFailure(
      second, 73, "run holds metrics.jsonl of another run; choose another --run-dir or move it")
    #expect(directory.list("run") == names)
    #expect(try names.map { try directory.read("run/\($0)") } == contents)
  }

  @Test func mayHoldOtherFiles() throws {
    try succeeded(try lockstep("train --steps 1 --run-dir .", in: directory))
    try directory.write([1, 2, 3], to: "notes")
    for name in ["metrics.jsonl", "run.json"] { directory.remove(name) }
    expectFailure(
      try lockstep("train --steps 1 --run-dir .", in: directory), 73,
      "model.safetensors of another run")
    directory.remove("model.safetensors")
    try succeeded(try lockstep("train --steps 1 --run-dir .", in: directory))
    #expect(
      directory.list() == ["metrics.jsonl", "model.safetensors", "notes", "run.json"])
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
