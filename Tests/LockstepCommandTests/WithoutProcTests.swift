import TestSupport
import Testing

/// Where `/proc` is not mounted, commands do what they do elsewhere, or say what is missing.
@Suite(.serialized) struct WithoutProcTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let hide =
    ["/usr/bin/unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-c"]

  /// Hides `/proc` behind an empty folder.
  private static let script = "mount -t tmpfs tmpfs /proc && exec \"$0\" \"$@\""

  /// Whether this user may mount something of its own.
  private static let canHide: Bool =
    (try? run(hide + ["mount -t tmpfs tmpfs /proc"]).status) == 0

  private func lockstepWithoutProc(_ line: String) throws -> ProcessRun {
    try run(
      Self.hide + [Self.script, try builtProgram("lockstep")]
        + line.split(separator: " ").map(String.init),
      environment: plainEnvironment, in: directory.path)
  }

  @Test(.enabled(if: canHide, "this user may not mount anything")) func commandsWork() throws {
    let train = try lockstepWithoutProc("train --steps 3 --threads 1 --run-dir run")
    try succeeded(train)
    #expect(train.errors.last?.hasPrefix("3 steps in ") == true, "\(train.errors)")
    #expect(try succeeded(try lockstepWithoutProc("evaluate --run-dir run")).hasPrefix("test loss"))
    #expect(try succeeded(try lockstepWithoutProc("--version")) == "0.1.0\n")
    #expect(
      try succeeded(try lockstepWithoutProc("doctor")).contains("not readable: /proc/self/limits"))
    expectFailure(try lockstepWithoutProc("evaluate --run-dir none"), 66, "none/run.json")
    expectFailure(try lockstepWithoutProc("train --step 1"), 64, "Unknown option '--step'")
  }

  /// A mistake in a program is still one line, though not with its place.
  @Test(.enabled(if: canHide, "this user may not mount anything")) func mistakesAreSaid() throws {
    let job = try run(
      Self.hide + [Self.script, try builtProgram("MPIChecks")], environment: plainEnvironment)
    #expect(job.status == 70)
    let lines = job.errors.filter { $0.hasPrefix("error: ") }
    #expect(lines.count == 1 && lines[0].contains("name one or more of"), "\(job.errors)")
  }
}
