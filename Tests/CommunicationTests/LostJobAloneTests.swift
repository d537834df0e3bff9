import TestSupport
import Testing

/// Jobs of which a rank is lost: all others are gone soon, and the status and one line say why.
@Suite(.serialized) struct LostJobAloneTests {
  private static let reportable = "labels.gz: label 12 at index 4711 is not below 10"

  /// A failure that a rank can still report: the job ends with its status and one line that names
  /// it.
  @Test(arguments: [
    ("throwOnLast", 65, "rank 3/4", reportable),
    ("throwOnLastLate", 65, "rank 3/4", reportable),
  ])
  func reportsOneCause(_ name: String, _ status: Int32, _ rank: String, _ cause: String) throws {
    let job = try mpirun(ranks: 4, "MPIChecks", [name])
    #expect(job.status == status, "\(job.errors)")
    #expect(job.seconds < tenTimes(1))
    let lines = job.errors(startingWith: "error: ")
    #expect(lines.count == 1, "\(job.errors)")
    #expect(lines.first?.hasPrefix("error: \(rank)") == true, "\(lines)")
    #expect(lines.first?.hasSuffix("): \(cause)") == true, "\(lines)")
  }

  /// A mistake in the program: the line ends with the place in the program, not in the library,
  /// and is the same on one process, but for the rank.
  @Test(arguments: [
    (
      "failCheckOnLast", "matmul: [2, 3] x [4, 5]: inner dimensions 3 and 4 differ",
      "FaultChecks.swift"
    ),
    ("failCheckOnThread", "gemm: a worker failed", "FaultChecks.swift"),
    ("misuseOnLast", "linear: input [2, 5] and weight [3, 4]: ", "TrainingChecks.swift:14"),
  ])
  func mistakesAreNamedWithTheirPlace(_ name: String, _ cause: String, _ place: String) throws {
    let job = try mpirun(ranks: 4, "MPIChecks", [name])
    let alone = try runAlone("MPIChecks", [name])
    for (run, start) in [(job, "error: rank 3/4 ("), (alone, "error: ")] {
      #expect(run.status == 70, "\(run.errors)")
      #expect(run.seconds < tenTimes(3))
      let errors = run.errors(startingWith: "error: ")
      #expect(errors.count == 1 && errors[0].hasPrefix(start), "\(run.errors)")
      let line = errors.first ?? ""
      #expect(line.contains(": \(cause)"), "\(line)")
      #expect(line.split(separator: " ").last?.hasPrefix("(\(place)") == true, "\(line)")
    }
    #expect(alone.errors.count == 1, "\(alone.errors)")
  }

  @Test(arguments: 2...4)
  func reportsACauseOfAllRanksOnce(_ ranks: Int) throws {
    for _ in 1...5 {
      let job = try mpirun(ranks: ranks, "MPIChecks", ["throwOnAll"])
      #expect(job.status == 65)
      #expect(job.seconds < tenTimes(1))
      #expect(job.errors(startingWith: "error: ").count == 1, "\(job.errors)")
    }
  }

  /// A failure that leaves the rank no time to report; `mpirun` does, with the signal.
  @Test(arguments: [("trapOnLast", 132), ("killLast", 137), ("exitOnLast", 1)])
  func endsWhenARankIsLost(_ name: String, _ status: Int32) throws {
    let job = try mpirun(ranks: 4, "MPIChecks", [name])
    #expect(job.status == status, "\(job.errors)")
    #expect(job.seconds < tenTimes(1))
  }
}
