import LockstepCommand
import Testing

/// What `lockstep launch` shows of a job's standard error.
@Suite struct JobErrorsTests {
  private static let dashes = String(repeating: "-", count: 74)

  /// What is shown of `text`, which comes in pieces of so many bytes.
  private func shown(_ text: String, pieces: Int = 1000, drawsBar: Bool = false) -> String {
    var errors = JobErrors(drawsBar: drawsBar)
    let bytes = Array(text.utf8)
    var shown = ""
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      shown += errors.pass(bytes[start..<min(bytes.count, start + pieces)])
    }
    return shown + errors.end()
  }

  /// What only mpirun knows stays, and so does every other line.
  @Test(arguments: [1, 7, 1000])
  func boilerplateIsLeftOut(_ pieces: Int) {
    let dashes = Self.dashes
    let text = """
      error: rank 1/2 (here): no
      [here:1] 1 more process has sent help message help-mpi-api.txt / mpi-abort
      [here:1] Set MCA parameter "orte_base_help_aggregate" to 0 to see all help / error messages
      \(dashes)
      MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD
      with errorcode 70.
      \(dashes)
      \(dashes)
      mpirun noticed that process rank 0 with PID 0 exited on signal 9 (Killed).
      \(dashes)
      the end

      """
    #expect(
      shown(text, pieces: pieces) == """
        error: rank 1/2 (here): no
        \(dashes)
        mpirun noticed that process rank 0 with PID 0 exited on signal 9 (Killed).
        \(dashes)
        the end

        """)
  }

  @Test(arguments: [
    "Primary job  terminated normally, but 1 process returned", "[a:1] show_help.c at line 501",
    "mpirun detected that one or more processes exited with non-zero status",
  ])
  func boilerplateIsKnownByItsWords(_ line: String) {
    let text = "\(Self.dashes)\n\(line)\n\(Self.dashes)\nend\n"
    for cause in ["error: no\n", "a/b.swift:3: Fatal error: no\n"] {
      #expect(shown(cause + text).contains(line) == false)
      #expect(shown(text + cause).contains(line) == false)
    }
  }

  /// Any program can be launched, also one that fails without a word.
  @Test(arguments: [
    "Primary job  terminated normally, but 1 process returned", "MPI_ABORT was invoked on rank 1",
  ])
  func boilerplateStaysWhereNobodySaidWhy(_ line: String) {
    let paragraph = "\(Self.dashes)\n\(line)\n\(Self.dashes)\n"
    #expect(shown("warning: x\n\(paragraph)") == "warning: x\n\(paragraph)")
  }

  /// A program's own bar has no line ends, and a question none yet.
  @Test func aPauseShowsALineWithoutItsEnd() {
    var errors = JobErrors(drawsBar: false)
    #expect(errors.pass("\r10 %\r20 %".utf8) == "")
    #expect(errors.pause() == "\r10 %\r20 %")
    #expect(errors.pause() == "")
    #expect(errors.pass("\r30 %\nend\n".utf8) == "\r30 %\nend\n")
    #expect(errors.end() == "")
  }

  @Test func aPauseShowsAParagraphWithoutItsEnd() {
    var errors = JobErrors(drawsBar: false)
    #expect(errors.pass("\(Self.dashes)\ntitle\n".utf8) == "")
    #expect(errors.pause() == "\(Self.dashes)\ntitle\n")
  }

  /// What a pause shows begins in the place of a state of the bar.
  @Test func aPauseTakesTheBarAway() {
    var errors = JobErrors(drawsBar: true)
    #expect(errors.pass("\r1 of 3\nwho?".utf8) == "\r1 of 3\u{1b}[K")
    #expect(errors.pause() == "\r\u{1b}[Kwho?")
    #expect(errors.end() == "\n")
  }

  @Test func aLineMayNeverEnd() {
    let text = String(repeating: "é", count: 100_000)
    var errors = JobErrors(drawsBar: false)
    let early = errors.pass(text.utf8)
    #expect(early.utf8.count > 100_000)
    #expect(early + errors.end() == text + "\n")
  }

  /// A program may draw lines itself: what follows must not wait for ever.
  @Test func aLineOfDashesHoldsNothingBackForLong() {
    var errors = JobErrors(drawsBar: false)
    let lines = (1...40).map { "line \($0)\n" }.joined()
    let early = errors.pass("\(Self.dashes)\n\(lines)".utf8)
    #expect(early == "\(Self.dashes)\n\(lines)")
    #expect(shown("\(Self.dashes)\nthe last\n") == "\(Self.dashes)\nthe last\n")
  }

  /// A state over the one before, a line in the place of a state.
  @Test func aBarIsDrawnOverItself() {
    let text = "start\n\r1 of 3\n\r2 of 3\nerror: x\nend\n\r3 of 3"
    let clear = "\r\u{1b}[K"
    #expect(
      shown(text, drawsBar: true)
        == "start\n\r1 of 3\u{1b}[K\r2 of 3\u{1b}[K\(clear)error: x\nend\n\r3 of 3\u{1b}[K\n")
    #expect(shown(text) == text + "\n")
  }

  @Test func aStateIsNotHeldBackByAParagraph() {
    var errors = JobErrors(drawsBar: true)
    #expect(errors.pass("\(Self.dashes)\n\r1 of 3\n".utf8) == "\r1 of 3\u{1b}[K")
  }
}
