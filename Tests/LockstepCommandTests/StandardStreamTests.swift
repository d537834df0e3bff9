import TestSupport
import Testing

/// Standard streams that are closed, full or unread never change what a program does; what was asked for
/// and cannot be written is said.
@Suite(.serialized) struct StandardStreamTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Runs `line` in a shell in which `lockstep` is the program.
  private func shell(_ line: String) throws -> ProcessRun {
    let script = "lockstep() { '\(try builtProgram("lockstep"))' \"$@\"; }\n" + line
    return try run(
      ["/bin/bash", "-c", script], environment: plainEnvironment, in: directory.path)
  }

  private func train(_ run: String, _ redirection: String = "") -> String {
    "lockstep train --steps 30 --threads 1 --run-dir \(run) \(redirection)"
  }

  /// All that is in a run's file but the speed, which is another one each time.
  private func metrics(_ run: String) throws -> String {
    String(decoding: try directory.read("\(run)/metrics.jsonl"), as: UTF8.self)
      .replacing(/,"samplesPerSecond":[0-9.e+]+/, with: "")
  }

  @Test(arguments: ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full"])
  func noStreamIsNeededToTrain(redirection: String) throws {
    try succeeded(try shell(train("plain", "2>/dev/null")))
    try succeeded(try shell(train("other", redirection)))
    #expect(try metrics("plain").split(separator: "\n").count == 32)
    #expect(try metrics("other") == metrics("plain"))
    let weights = "model.safetensors"
    #expect(try directory.read("other/\(weights)") == directory.read("plain/\(weights)"))
  }

  @Test func nobodyHasToReadTheProgress() throws {
    let job = try shell("set -o pipefail; \(train("run", "2>&1")) | head -n 1")
    let output = try succeeded(job)
    #expect(output.split(separator: "\n").count == 1)
    #expect(directory.list("run").contains("model.safetensors"))
  }

  /// Also where each rank, and `mpirun`, has the pipe.
  @Test func nobodyHasToReadTheProgressOfAJob() throws {
    let job = try withoutOtherJobs {
      try shell(
        "set -o pipefail; lockstep launch -n 2 --threads 1 '\(try builtProgram("lockstep"))' train "
          + "--steps 30 --run-dir run 2>&1 | head -n 1")
    }
    try succeeded(job)
    #expect(directory.list("run").contains("model.safetensors"))
  }

  @Test(arguments: [
    "evaluate --run-dir run", "evaluate --json --run-dir run", "inspect run/model.safetensors",
    "doctor", "--help", "train --help", "--version", "launch -n 2 --print true",
    "bench step --workload mlp --steps 1", "generate --run-dir text --length 3",
  ])
  func lostResultsAreAnError(line: String) throws {
    if line.contains("text") {
      try directory.write(Array(String(repeating: "to be or not ", count: 60).utf8), to: "be.txt")
      try succeeded(
        try shell("lockstep train --model rnn --data text:be.txt --steps 1 --quiet --run-dir text"))
    } else {
      try succeeded(try shell(train("run", "--quiet")))
    }
    let full = try shell("lockstep \(line) >/dev/full")
    expectFailure(full, 74, "cannot write standard output: No space left on device")
    let closed = try shell("lockstep \(line) >&-")
    expectFailure(closed, 74, "cannot write standard output: Bad file descriptor")
    try succeeded(try shell("lockstep \(line) 2>&-"))
  }

  /// As of any other program whose reader has had enough.
  @Test func brokenPipesOfResultsEndTheProgramAsUsual() throws {
    let job = try shell("lockstep --help | true; echo ${PIPESTATUS[0]}")
    #expect(try succeeded(job) == "141\n" && job.errors.isEmpty, "\(job.errors)")
    // Who is told to ignore the signal does.
    let deaf = try shell("trap '' PIPE; (sleep 1; lockstep --help) | true; echo ${PIPESTATUS[0]}")
    #expect(deaf.errors == ["error: cannot write standard output: Broken pipe"])
  }

  @Test func limitsOfFileSizesAreSaid() throws {
    let weights = try shell("ulimit -f 200; \(train("run", "--quiet"))")
    expectFailure(weights, 74, "/model.safetensors: File too large")
    let results = try shell("ulimit -f 1; lockstep train --help >help")
    expectFailure(results, 74, "cannot write standard output: File too large")
  }

  /// Lines that do not fit leave nothing behind, also no half of a line.
  @Test func metricsThatDoNotFitAreLeftOutAsAWhole() throws {
    let job = try shell(
      "ulimit -f 8; lockstep train --steps 100 --threads 1 --quiet --evaluate-every 1000 --run-dir run"
    )
    #expect(job.status == 74)
    let warnings = job.errors(startingWith: "warning: ")
    #expect(warnings == ["warning: cannot write run/metrics.jsonl: File too large"])
    let text = try metrics("run")
    #expect(text.hasSuffix("}\n") && text.contains(#""step":30"#), "\(text.suffix(100))")
  }

  /// The signals are only ignored by the program itself.
  @Test(arguments: [1, 2]) func startedProgramsHaveTheUsualSignals(ranks: Int) throws {
    let job = try withoutOtherJobs {
      try shell("lockstep launch -n \(ranks) /bin/bash -c 'grep SigIgn /proc/self/status'")
    }
    let masks = try succeeded(job).split(separator: "\n").compactMap {
      $0.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }
    }
    try #require(masks.count == ranks)
    // SIGPIPE is 13, SIGXFSZ 25.
    #expect(masks.allSatisfy { $0 & (1 << 12 | 1 << 24) == 0 })
  }
}
