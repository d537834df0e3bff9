import TestSupport
import Testing

/// Programs that start MPI themselves and hand a communicator over.
@Suite(.serialized) struct HandedOverTests {
  private static let reportable = "labels.gz: label 12 at index 4711 is not below 10"

  @Test(arguments: [2, 4])
  func theProgramGoesOnWithItsOwnMessages(_ ranks: Int) throws {
    for hosts in ranks == 4 ? [0, 2] : [0] {
      let job = try mpirun(
        ranks: ranks, "MPIChecks", ["handsOver"],
        environment: hosts > 0 ? ["PRETENDED_HOSTS": "\(hosts)"] : [:])
      #expect(job.status == 0, "\(job.errors)")
      let lines = job.output.split(whereSeparator: \.isNewline).sorted()
      #expect(lines == (0..<ranks).map { "rank \($0) goes on" })
    }
  }

  @Test func aCommunicatorMayBeHandedOverAgainAndAgain() throws {
    let job = try mpirun(ranks: 3, "MPIChecks", ["handsOverAgain"])
    #expect(job.status == 0, "\(job.errors)")
  }

  @Test func anErrorEndsTheJobWithOneSentence() throws {
    let job = try mpirun(ranks: 3, "MPIChecks", ["handsOverAndThrows"])
    #expect(job.status == 65)
    let lines = job.errors(startingWith: "error: ")
    #expect(lines.count == 1 && lines[0].hasPrefix("error: rank 2/3 ("), "\(job.errors)")
    #expect(lines.first?.hasSuffix("): \(Self.reportable)") == true)
  }

  @Test func anErrorOfARankByItselfCanBeCaught() throws {
    let job = try mpirun(ranks: 2, "MPIChecks", ["handsOverSingleRanks"])
    #expect(job.status == 0, "\(job.errors)")
    let lines = job.output.split(whereSeparator: \.isNewline).sorted()
    #expect(lines == (0..<2).map { "rank \($0) caught \(Self.reportable)" })
  }

  /// One of the ranks that train says so, though the first of the job is not among them.
  @Test func gradientsThatNobodyAveragesAreSaidOnce() throws {
    let job = try mpirun(ranks: 3, "MPIChecks", ["handsOverAndForgets"])
    #expect(job.status == 0, "\(job.errors)")
    let warnings = job.errors(startingWith: "warning: ")
    #expect(
      warnings.count == 1 && warnings[0].contains("in this job of 2 ranks nobody averages"),
      "\(job.errors)")
  }

  /// Ranks that compute something else keep their cores.
  @Test func someOfTheRanksOfAHostLeaveTheOthersTheirCores() throws {
    let job = try mpirun(ranks: 4, "MPIChecks", ["handsOverSomeOfTheHost"])
    #expect(job.status == 0, "\(job.errors)")
  }

  @Test(arguments: [
    (1, "usesWorldTooLate", "barrier: the body of withCommunicator(over:) has returned"),
    (
      2, "usesWindowTooLate",
      "SharedWindow.barrier: the body of withCommunicator(over:) has returned"
    ),
    (2, "trainsTooLate", "averageGradients: the body of withCommunicator(over:) has returned"),
    (
      1, "handsOverBeforeInit", "withCommunicator(over:): MPI has not been initialised; call MPI_In"
    ),
    (
      1, "handsOverAfterFinalize", "withCommunicator(over:): MPI has been finalised; call it before"
    ),
    (2, "handsOverNothing", "withCommunicator(over:): this rank has handed over MPI_COMM_NULL"),
    (
      2, "handsOverOneThread", "withCommunicator(over:): MPI was started for programs of one thread"
    ),
    (
      3, "handsOverPartOfOneThread",
      "withCommunicator(over:): MPI was started for programs of one thread"
    ),
    (
      1, "handsOverNoCommunicator", "withCommunicator: the program has initialised MPI itself; hand"
    ),
  ])
  func mistakesAreNamed(_ ranks: Int, _ program: String, _ sentence: String) throws {
    let job = try mpirun(ranks: ranks, "MPIChecks", [program])
    #expect(job.status == 70)
    let lines = job.errors(startingWith: "error: ")
    #expect(lines.count == 1 && lines[0].contains(sentence), "\(job.errors)")
  }
}
