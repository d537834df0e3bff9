import TestSupport
import Testing

/// Ranks that never come to MPI: the others, for which MPI waits without a word, say so and end.
@Suite(.serialized) struct StartWatchAloneTests {
  /// One rank of MPIChecks, and one that is another program.
  private func job(beside program: String...) throws -> ProcessRun {
    try mpirun(
      ranks: 1, "MPIChecks", ["barrier", ":", "-n", "1"] + program, environment: limits())
  }

  @Test func anotherProgramIsNamed() throws {
    let job = try job(beside: "sleep", "1000")
    expectEnd(
      job, 75,
      [
        "error: rank 0/2 (", "waited longer than the limit of 4.0 s: ",
        "rank 1 has not come to withCommunicator: its process ", " is 'sleep'; ",
        "rank 0 waits for all 2 ranks to join for 4",
      ])
    #expect(job.seconds < tenTimes(6))
    let warnings = job.errors(startingWith: "warning: no progress for ")
    #expect(warnings.count == 1, "\(job.errors)")
  }

  @Test func aProgramThatHasEndedIsNamed() throws {
    expectEnd(
      try job(beside: "true"), 75,
      ["rank 1 has no process, and has not come; rank 0 waits for all 2 ranks to join"])
  }

  /// What a shell has started counts, not the shell.
  @Test func aProgramBehindAShellIsNamed() throws {
    expectEnd(
      try job(beside: "sh", "-c", "sleep 1000; true"), 75,
      ["rank 1 has not come to withCommunicator: its process ", " is 'sleep'; "])
  }

  @Test(arguments: [
    ("stopsBeforeMPI", " is 'MPIChecks', and stopped (SIGSTOP or a debugger); "),
    ("hangsBeforeMPI", " is 'MPIChecks'; "),
  ])
  func aRankThatDoesNotComeIsNamed(_ program: String, _ what: String) throws {
    expectEnd(
      try mpirun(ranks: 3, "MPIChecks", [program], environment: limits()), 75,
      [
        "error: rank 0/3 (", "rank 2 has not come to withCommunicator: its process ", what,
        "ranks 0-1 wait for all 3 ranks to join for 4",
      ])
  }

  @Test func aRankThatComesLateIsWarnedOfAndWaitedFor() throws {
    let job = try mpirun(ranks: 2, "MPIChecks", ["comesLate"], environment: limits(abort: 60))
    #expect(job.status == 0, "\(job.errors)")
    #expect(job.errors(startingWith: "warning: no progress for ").count == 1, "\(job.errors)")
    #expect(job.errors(startingWith: "error: ").isEmpty, "\(job.errors)")
  }
}
