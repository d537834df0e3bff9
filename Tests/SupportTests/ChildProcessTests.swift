import Diagnostics
import Glibc
import Support
import TestSupport
import Testing

/// Programs that are run to their end.
@Suite(.serialized) struct ChildProcessTests {
  private func shell(
    _ script: String, changing changes: [String: String?] = [:], in directory: String? = nil,
    limit: Double? = nil
  ) throws -> ChildProcess {
    try #require(
      try ChildProcess(["sh", "-c", script], changing: changes, in: directory, limit: limit))
  }

  @Test func bothStreamsAreKeptApart() throws {
    let child = try shell("echo one; echo two >&2; echo three")
    #expect(child.output == "one\nthree\n")
    #expect(child.errors == "two\n")
    #expect(!child.timedOut)
  }

  @Test(arguments: [("true", 0), ("exit 3", 3), ("kill -9 $$", 128 + 9)] as [(String, Int32)])
  func theStatusTellsTheSignalToo(_ script: String, _ status: Int32) throws {
    #expect(try shell(script).status == status)
    #expect(try shell(script, limit: 300).status == status)
  }

  /// As a process that inherits it from a careless parent.
  @Test func theStatusIsKnownThoughEndsOfChildrenAreIgnored() async {
    await #expect(processExitsWith: .exitCode(3)) {
      signal(SIGCHLD, SIG_IGN)
      exit(try ChildProcess(["sh", "-c", "exit 3"])?.status ?? 0)
    }
  }

  /// Whose end somebody else has asked for.
  @Test func aStatusThatNobodyKeptIsAFailure() throws {
    let child = try spawn(["true"], output: nil, errors: nil)
    #expect(endStatus(of: child, waits: true) == 0)
    #expect(endStatus(of: child, waits: true) == ExitCode.internalError.rawValue)
  }

  @Test func theEnvironmentIsOursWithChanges() throws {
    let child = try shell(
      "echo \"$ADDED ${PATH:+kept} ${HOME-removed}\"", changing: ["ADDED": "a b", "HOME": nil])
    #expect(child.output == "a b kept removed\n")
  }

  @Test func itStartsWhereItIsTold() throws {
    #expect(try shell("pwd", in: "/usr/bin").output == "/usr/bin\n")
  }

  @Test func itHasNothingToRead() throws { #expect(try shell("cat").output == "") }

  @Test func thereIsNoSuchProgram() throws {
    #expect(try ChildProcess(["no-such-program-of-ours"]) == nil)
  }

  @Test func whatCannotBeStartedSaysWhy() {
    let error = #expect(throws: StartError.self) { try ChildProcess(["/etc/passwd"]) }
    #expect(error?.description == "/etc/passwd: cannot be started: Permission denied")
    #expect(error?.exitCode == .unavailable)
  }

  @Test func aProcessThatItLeavesBehindIsNotWaitedFor() throws {
    let child = try shell("sleep 300 & echo $!")
    let left = try #require(pid_t(child.output.dropLast()))
    #expect(kill(left, SIGKILL) == 0, "it is still there")
  }

  @Test func whatTakesTooLongIsKilledWithItsGroup() throws {
    let child = try shell("sleep 300 & echo $!; wait", limit: 0.3)
    #expect(child.timedOut)
    #expect(child.status == 128 + SIGKILL)
    let grandchild = try #require(pid_t(child.output.dropLast()))
    // A signal takes a moment; whether somebody asks for the dead is not ours to say.
    let isGone = waitUntil {
      let state = text(ofFile: "/proc/\(grandchild)/stat")
      return state.map { $0.contains(") Z ") } ?? true
    }
    #expect(isGone)
  }
}
