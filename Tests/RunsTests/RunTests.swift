import Glibc
import Lockstep
import TestSupport
import Testing

/// What a run leaves, and what it says.
@Suite(.serialized) struct RunTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func begin(
    _ model: Module, saving: Saving = .every(steps: 100), start: RunStart = .automatic
  ) throws -> Run {
    let run = try Run(
      in: directory.path, over: SoloCommunicator(), saving: saving, start: start, saying: { _ in })
    run.keep(model)
    try run.begin()
    return run
  }

  @Test func newestAndBestWeightsAreInTheDirectory() throws {
    let model = Linear(2, 1)
    let run = try begin(model, saving: Saving(everySteps: 1, everySeconds: nil, keepingLast: 1))
    for (step, score) in [0.5, 0.9, 0.7].enumerated() {
      model.weight.assign(Tensor.full([1, 2], Float(step)))
      #expect(run.evaluated(score: score) == (step < 2))
      try run.stepped()
    }
    try run.finish()
    func weight(_ path: String) throws -> Float {
      try SafeTensors.read("\(directory.path)/\(path)").tensor("weight").array(of: Float.self)[0]
    }
    #expect(try weight("model.safetensors") == 2)
    #expect(try weight("best.safetensors") == 1)
    #expect(try weight("checkpoints/latest/model.safetensors") == 2)
    #expect(run.bestScore == 0.9)
    // The best, and the last one.
    #expect(
      directory.list("checkpoints") == ["latest", "step-00000002", "step-00000003.2"])
  }

  @Test func aScoreThatIsNoNumberIsNeverTheBest() throws {
    let run = try begin(Linear(2, 1))
    #expect(!run.evaluated(score: .nan))
    #expect(run.evaluated(score: -3))
    #expect(!run.evaluated(score: -3))
  }

  @Test func linesHaveTheirStepAndEpoch() throws {
    let run = try begin(Linear(2, 1))
    try run.stepped(["loss": .number(Float(0.1)), "left out": nil, "text": .text("\"")])
    run.evaluated(["accuracy": .number(0.5)])
    try run.finish()
    #expect(
      try directory.read("metrics.jsonl")
        == Array(
          """
          {"step":1,"epoch":1,"loss":0.1,"text":"\\""}
          {"step":1,"epoch":1,"accuracy":0.5}

          """.utf8))
  }

  @Test func linesAfterTheCheckpointAreMovedAside() throws {
    do {
      let run = try begin(Linear(2, 1), saving: .every(steps: 2))
      for step in 1...3 { try run.stepped(["loss": .integer(step)]) }
    }
    let run = try begin(Linear(2, 1), saving: .every(steps: 2))
    #expect(run.step == 2)
    try run.stepped(["loss": .integer(30)])
    try run.finish()
    let lines = String(decoding: try directory.read("metrics.jsonl"), as: UTF8.self)
      .split(separator: "\n")
    #expect(
      lines.map { $0.suffix(9) }
        == ["\"loss\":1}", "\"loss\":2}", "\"loss\":30}"].map { $0.suffix(9) })
    #expect(
      String(decoding: try directory.read("metrics-superseded.jsonl"), as: UTF8.self)
        == "{\"step\":3,\"epoch\":1,\"loss\":3}\n")
  }

  @Test func aDirectoryHasOneRun() throws {
    let run = try begin(Linear(2, 1))
    let error = #expect(throws: RunDirectoryError.self) { try begin(Linear(2, 1)) }
    #expect(error?.exitCode == .cannotCreate)
    #expect(
      error?.description.hasPrefix("\(directory.path) is in use by process \(getpid()) on ") == true
    )
    try run.finish()
    _ = try begin(Linear(2, 1))
  }

  @Test func aNewRunWantsADirectoryWithoutResults() throws {
    try begin(Linear(2, 1), start: .new).finish()
    let error = #expect(throws: RunDirectoryError.self) { try begin(Linear(2, 1), start: .new) }
    #expect(
      error?.description
        == "\(directory.path) holds metrics.jsonl of another run; choose another directory or move it "
        + "away, or resume that run")
  }

  @Test func withoutACheckpointNothingIsResumed() throws {
    let error = #expect(throws: RunDirectoryError.self) {
      try begin(Linear(2, 1), start: .resumed)
    }
    #expect(error?.exitCode == .missingInput)
  }

  /// Killed before its first checkpoint: it begins again.
  @Test func aRunWithoutACheckpointBeginsAgain() throws {
    do { try begin(Linear(2, 1)).stepped(["loss": .integer(1)]) }
    let run = try begin(Linear(2, 1))
    #expect(run.step == 0)
    #expect(!run.isResumed)
    try run.finish()
  }

  @Test func aFileThatCannotBeWrittenCostsACheckpointAndNotTheRun() throws {
    let said = Locked<[String]>([])
    let run = try Run(
      in: directory.path, over: SoloCommunicator(), saving: .every(steps: 1),
      saying: { text in said.withLock { $0.append(text) } })
    run.keep(Linear(2, 1))
    try run.begin()
    try run.stepped()
    // A file is where the directory of checkpoints was.
    directory.remove("checkpoints")
    try directory.write([1], to: "checkpoints")
    try run.stepped()
    try run.stepped()
    let error = #expect(throws: FileError.self) { try run.finish() }
    #expect(error?.exitCode == .cannotCreate)
    let warnings = said.withLock { $0 }
    #expect(warnings.count >= 1)
    #expect(
      warnings.last?.hasPrefix(
        "warning: the checkpoint step-00000003 was not saved: cannot create ")
        == true, "\(warnings)")
  }

  private static let misuses = [
    Misuse("Run.stepped: call begin() first") {
      try Run(in: "run", over: SoloCommunicator()).stepped()
    },
    Misuse("Run.keep: something is kept as \"model\" already") {
      let run = try Run(in: "run", over: SoloCommunicator())
      run.keep(Linear(1, 1))
      run.keep(Linear(1, 1))
    },
    Misuse("Run.keep: the name \"../model\" becomes part of a file's name") {
      try Run(in: "run", over: SoloCommunicator()).keep(Linear(1, 1), as: "../model")
    },
    Misuse("Run.keep: late is named after begin()") {
      let run = try Run(in: "run", over: SoloCommunicator())
      try run.begin()
      run.keep(Linear(1, 1), as: "late")
    },
    Misuse("Run.rest: the run in run goes on within an epoch, with batch size 3 instead of 2") {
      func step(_ size: Int) throws {
        let run = try Run(in: "run", over: SoloCommunicator(), saving: .every(steps: 1))
        try run.begin()
        let batches = DataLoader(Digits(.test), batchSize: size, shuffledBy: 1)
        for _ in run.rest(of: batches.epoch(1)) {
          try run.stepped()
          break
        }
      }
      try step(2)
      try step(3)
    },
  ]

  @Test(arguments: misuses.indices) func misuseStops(_ index: Int) async {
    let path: String = directory.path
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index, path = path as String] in
      chdir(path)
      try Self.misuses[index].run()
    }
    expectMessage(Self.misuses[index].sentence, of: result)
  }
}
