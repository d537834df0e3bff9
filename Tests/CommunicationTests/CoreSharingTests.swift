import TestSupport
import Testing

/// How many threads ranks take that nobody told.
@Suite struct CoreSharingTests {
  private func passes(
    _ check: String, ranks: Int, environment: [String: String] = [:]
  ) throws {
    let job = try mpirun(ranks: ranks, "MPIChecks", [check], environment: environment)
    #expect(job.status == 0, "\(job.errors)")
    let passed = job.output.split(separator: "\n").filter { $0.hasSuffix(" passed \(check)") }
    #expect(passed.count == ranks, "\(job.output)")
  }

  @Test func ranksTellEachOtherTheirMasks() throws { try passes("pretendedMasks", ranks: 4) }

  /// Unbound, as `mpirun --oversubscribe` leaves them, ranks have the same mask.
  @Test(arguments: [1, 2, 3])
  func ranksOfAHostDivideItsCores(_ ranks: Int) throws {
    try passes("sharedCores", ranks: ranks)
  }

  @Test(arguments: [1, 2])
  func aChosenNumberIsKept(_ ranks: Int) throws {
    try passes("chosenThreads", ranks: ranks, environment: ["LOCKSTEP_NUM_THREADS": "5"])
  }
}
