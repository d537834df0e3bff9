import TestSupport
import Testing

/// What `lockstep train` shows on a terminal.
@Suite(.serialized) struct ProgressTests {
  private let directory: TemporaryDirectory

  /// A run that shows its first step, and more where it is slow.
  private static let options = "--steps 100 --evaluate-every 1000 --threads 1"

  init() throws { directory = try TemporaryDirectory() }

  /// What `command` writes to a terminal of so many columns.
  private func onTerminal(_ command: String, columns: Int) throws -> String {
    let shell = "stty cols \(columns) rows 24; export TERM=xterm; \(command)"
    let session = try run(
      ["/usr/bin/script", "-q", "-e", "-c", shell, "/dev/null"],
      environment: ["SWIFT_BACKTRACE": "enable=no"], in: directory.path)
    try #require(session.status == 0, "\(session.output)")
    return session.output.replacing("\r\n", with: "\n")
  }

  @Test(arguments: [40, 80, 200])
  func stateFitsInALine(_ columns: Int) throws {
    let program = try builtProgram("lockstep")
    let text = try onTerminal("'\(program)' train \(Self.options) --run-dir run", columns: columns)
    // What begins by clearing the line stays.
    let states = text.split(separator: "\r").filter { !$0.hasPrefix("\u{1b}[K") }
    #expect(states.count >= 1, "\(text)")
    for state in states {
      let shown = state.replacing("\u{1b}[K", with: "").split(separator: "\n").first ?? ""
      #expect(shown.count < columns, "\(shown.count): \(shown)")
      #expect(shown.contains("█") || shown.contains("░") || columns < 70, "\(shown)")
    }
    #expect(text.contains("results in run"))
  }

  /// With the states that the launcher draws, over each other.
  @Test func launchedRanksDrawABarToo() throws {
    let program = try builtProgram("lockstep")
    let launch = "env -u LOCKSTEP_COLUMNS '\(program)' launch -n 2 '\(program)' train"
    let text = try withoutOtherJobs {
      try onTerminal(
        "\(launch) --steps 100 --evaluate-every 1000 --run-dir run", columns: 60)
    }
    let states = text.split(separator: "\r").filter { $0.contains("  step ") }
    #expect(states.count >= 1, "\(text)")
    #expect(
      states.allSatisfy { $0.contains("\u{1b}[K") && $0.prefix { $0 != "\u{1b}" }.count < 60 })
    #expect(text.contains("results in run"))
  }

  /// Through the pipe of `mpirun`: one state a line, which `lockstep launch` draws.
  @Test func theLauncherMayDraw() throws {
    let line = "train \(Self.options) --run-dir"
    let training = try lockstep(
      "\(line) run", in: directory, environment: ["LOCKSTEP_COLUMNS": "60"])
    try succeeded(training)
    let states = training.errors.filter { $0.hasPrefix("\r") }
    #expect(states.count >= 1)
    #expect(states.allSatisfy { $0.count <= 60 })
    #expect(!training.errors.contains { $0.contains("\u{1b}") })
    let plain = try lockstep("\(line) plain", in: directory)
    try succeeded(plain)
    #expect(!plain.errors.contains { $0.contains("\r") })
  }
}
