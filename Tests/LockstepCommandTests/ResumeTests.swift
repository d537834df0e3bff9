import Glibc
import Lockstep
import TestSupport
import Testing

/// `lockstep train --resume`.
@Suite(.serialized) struct ResumeTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func train(_ options: String, ranks: Int = 1) throws {
    try succeeded(try lockstep("train --quiet \(options)", ranks: ranks, in: directory))
  }

  /// Trains until there are so many bytes of metrics, and then sends `signal`, once.
  private func signalled(_ signal: Int32, _ options: String, after bytes: Int) throws -> ProcessRun
  {
    var isSent = false
    return try runAlone(
      "lockstep", "train --quiet \(options)".split(separator: " ").map(String.init),
      in: directory.path
    ) { process in
      if !isSent, directory.list("run/checkpoints").contains("latest"),
        let lines = try? directory.read("run/metrics.jsonl"), lines.count > bytes
      {
        kill(process, signal)
        isSent = true
      }
    }
  }

  /// The lines of metrics but for what depends on the time.
  private func lines(_ run: String) throws -> [Substring] {
    String(decoding: try directory.read("\(run)/metrics.jsonl"), as: UTF8.self)
      .split(separator: "\n").map {
        $0.prefix(upTo: $0.firstRange(of: ",\"samplesPer")?.lowerBound ?? $0.endIndex)
      }
  }

  private func expectSame(_ run: String, as other: String) throws {
    for file in [
      "model.safetensors", "best.safetensors", "checkpoints/latest/optimizer.safetensors",
    ] {
      #expect(try directory.read("\(run)/\(file)") == directory.read("\(other)/\(file)"), "\(file)")
    }
    #expect(try lines(run) == lines(other))
  }

  /// Stopped after a second or so, wherever that is, and gone on with.
  @Test(arguments: [
    "--precision float16 --clip-norm 1 --warmup 5",
    "--reproducible --micro-batches 4 --evaluate-every 7",
  ])
  func goesOnAsTheSameRun(_ options: String) throws {
    let options = "\(options) --epochs 3 --checkpoint-every 10"
    try train("\(options) --run-dir undisturbed")
    // Half of it, by the same schedule, is what a kill leaves.
    let started = try signalled(SIGKILL, "\(options) --run-dir run", after: 2000)
    #expect(started.status == 128 + SIGKILL)
    try train("--resume --run-dir run")
    try expectSame("run", as: "undisturbed")
    #expect(directory.list("run").contains("incidents.jsonl"))
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGUSR1])
  func aSignalSavesAndStops(_ signal: Int32) throws {
    let stopped = try signalled(
      signal, "--epochs 1000 --checkpoint-every 10 --run-dir run", after: 500)
    #expect(stopped.status == 85)
    #expect(stopped.errors.count == 1)
    #expect(
      stopped.errors.first?.wholeMatch(
        of:
          /stopped by SIG[A-Z1]+ after step [0-9]+; saved in run\/checkpoints; add --resume to go on/
      )
        != nil, "\(stopped.errors)")
    try train("--resume --run-dir run --epochs 2")
  }

  @Test func aLimitOfTimeStopsAllRanks() throws {
    let stopped = try lockstep(
      "train --quiet --epochs 100000 --max-time 1s --run-dir run", ranks: 2, in: directory)
    #expect(stopped.status == 85)
    #expect(stopped.errors.contains { $0.hasPrefix("stopped after its time after step ") })
    #expect(stopped.errors(startingWith: "error:") == [])
  }

  @Test func otherOptionsAreRefusedWithBothValues() throws {
    try train("--steps 3 --run-dir run")
    for (options, sentence) in [
      ("--model lenet", "--model is lenet, and the run that is to go on has mlp; leave it out"),
      ("--seed=4", "--seed is 4, and the run that is to go on has 0; leave it out"),
      (
        "--learning-rate 0.5",
        "--learning-rate is 0.5, and the run that is to go on has 0.001; leave it out, or add --override"
      ),
    ] {
      expectFailure(
        try lockstep("train --resume --run-dir run \(options)", in: directory), 78, sentence)
    }
    // The same value again is no other.
    try train("--resume --run-dir run --model mlp --steps 5")
    try train("--resume --run-dir run --steps 6 --learning-rate 0.5 --override")
    #expect(try Metrics(of: "run", in: directory).steps.map(\.step) == Array(1...6))
  }

  /// From another folder too, and not with data that have changed.
  @Test func theDataMustBeTheSame() throws {
    let rows = (0..<60).map { "\($0),\($0 % 7),\($0 % 2 == 0 ? "even" : "odd")\n" }
    let table = "a,b,kind\n" + rows.joined()
    try directory.write(Array(table.utf8), to: "table.csv")
    try train("--data csv:table.csv --target kind --steps 3 --run-dir run")
    try directory.write([], to: "other/empty")
    let elsewhere = try runAlone(
      "lockstep", ["train", "--quiet", "--resume", "--run-dir", "../run", "--steps", "5"],
      in: directory.path + "/other")
    #expect(elsewhere.status == 0, "\(elsewhere.errors)")
    try train("--resume --run-dir run --data csv:./table.csv --target kind --steps 6")
    try directory.write(Array((table + "60,4,even\n").utf8), to: "table.csv")
    expectFailure(
      try lockstep("train --resume --run-dir run --steps 9", in: directory), 65,
      "are not what they were when the run began")
  }

  /// Fine-tuning: three classes instead of ten, on the same body.
  @Test func aRunBeginsWithTheWeightsOfAnother() throws {
    try train("--steps 30 --run-dir first")
    let names = (0..<64).map { "p\($0)" }.joined(separator: ",")
    let rows = (0..<90).map { row in
      (0..<64).map { "\((row * $0) % 17)" }.joined(separator: ",") + ",c\(row % 3)\n"
    }
    try directory.write(Array("\(names),kind\n\(rows.joined())".utf8), to: "table.csv")
    let options =
      "--data csv:table.csv --target kind --steps 1 --learning-rate 1e-9 --init-from "
      + "first/model.safetensors"
    expectFailure(
      try lockstep("train \(options) --run-dir none", in: directory), 65,
      "head.weight (F32 [10, 512] in the file, F32 [3, 512] in the model)")
    func weights(_ run: String) throws -> [Float] {
      try SafeTensors.read("\(directory.path)/\(run)/model.safetensors")
        .tensor("hidden.0.weight").array(of: Float.self)
    }
    let expected = try weights("first")
    for (run, selection) in [("second", "--except head."), ("third", "--only hidden.")] {
      try train("\(options) \(selection) --run-dir \(run)")
      #expect(zip(try weights(run), expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }
    expectFailure(
      try lockstep("train \(options) --only nothing --run-dir none", in: directory), 65,
      "none of the model's tensors is selected")
    expectFailure(
      try lockstep("train --only head --run-dir none", in: directory), 64,
      "--only and --except belong to --init-from")
  }

  @Test func whatCannotBeResumedIsSaid() throws {
    expectFailure(
      try lockstep("train --resume --run-dir none", in: directory), 66, "none/run.json")
    expectFailure(try lockstep("train --resume", in: directory), 64, "--resume needs --run-dir")
    expectFailure(
      try lockstep("train --override --run-dir run", in: directory), 64,
      "--override belongs to --resume")
    try train("--steps 3 --run-dir run")
    expectFailure(
      try lockstep("train --run-dir run", in: directory), 73,
      "or add --resume to go on with that run")
    directory.remove("run/checkpoints")
    expectFailure(
      try lockstep("train --resume --run-dir run", in: directory), 73,
      "run holds model.safetensors of another run")
    directory.remove("run/model.safetensors")
    try train("--resume --run-dir run")
    #expect(try Metrics(of: "run", in: directory).steps.map(\.step) == [1, 2, 3])
  }

  @Test(arguments: [
    ("11h50m", true), ("90s", true), ("3600", true), ("1d", true), ("", false), ("m", false),
    ("5m1h", false), ("0s", false), ("-1s", false), ("1.5h", false),
  ])
  func timesAreWholeSeconds(_ time: String, _ isOne: Bool) throws {
    let result = try lockstep("train --steps 1 --quiet --max-time=\(time)", in: directory)
    #expect(result.status == (isOne ? 0 : 64), "\(result.errors)")
  }
}
