import Foundation
import TestSupport
import Testing

/// What `lockstep train` shows on a terminal.
@Suite(.serialized) struct ProgressTests {
  private let directory: TemporaryDirectory

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
    let text = try onTerminal(
      "\(program) train --steps 3000 --threads 1 --run-dir run", columns: columns)
    let states = text.split(separator: "\r").filter { $0.contains("samples/s") }
    #expect(states.count >= 2, "\(text)")
    for state in states {
      let shown = state.replacing("\u{1b}[K", with: "").split(separator: "\n").first ?? ""
      #expect(shown.count < columns, "\(shown.count): \(shown)")
      #expect(shown.contains("█") || shown.contains("░") || columns < 70, "\(shown)")
    }
    #expect(text.contains("results in run"))
  }

  /// Through the pipes of `mpirun` and a script: one state a line, which the script draws.
  @Test func aScriptMayDraw() throws {
    let training = try runAlone(
      "lockstep", ["train", "--steps", "3000", "--threads", "1", "--run-dir", "run"],
      environment: ["LOCKSTEP_COLUMNS": "60"], in: directory.path)
    try succeeded(training)
    let states = training.errors.filter { $0.hasPrefix("\r") }
    #expect(states.count >= 2)
    #expect(states.allSatisfy { $0.count <= 60 })
    #expect(!training.errors.contains { $0.contains("\u{1b}") })
    let plain = try lockstep("train --steps 3000 --threads 1 --run-dir plain", in: directory)
    try succeeded(plain)
    #expect(!plain.errors.contains { $0.contains("\r") })
  }
}
