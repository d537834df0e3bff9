import TestSupport
import Testing

/// Training in real jobs; what threads cannot show is whether processes share the memory.
@Suite(.serialized) struct MPIRankTests {
  @Test(arguments: [1, 2, 3, 4, 8])
  func trainingIsThatOfASerialRun(_ ranks: Int) throws {
    let checks = ["trainsInLockstep", "addsUpWithoutZeroGrad", "accumulatesBesideSerialRun"]
    let job = try mpirun(ranks: ranks, "MPIChecks", checks)
    #expect(job.status == 0, "\(job.errors)")
    for name in checks {
      let passed = job.output.split(whereSeparator: \.isNewline)
        .filter { $0.hasSuffix("passed \(name)") }
      #expect(passed.count == ranks, "\(name): \(job.output)")
    }
  }

  @Test func bitsDoNotDependOnTheNumberOfRanks() throws {
    let weights = try [1, 2, 3, 4, 8].map { ranks in
      let job = try mpirun(ranks: ranks, "MPIChecks", ["reproducible"])
      #expect(job.status == 0, "\(job.errors)")
      return job.output.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("weights ") }
    }
    #expect(weights[0].count == 1)
    #expect(weights.allSatisfy { $0 == weights[0] })
  }

  @Test(arguments: [1, 3])
  func unusedParametersAreNamedOnce(_ ranks: Int) throws {
    let job = try mpirun(ranks: ranks, "MPIChecks", ["unusedParameter"])
    #expect(job.status == 0, "\(job.errors)")
    let warnings = job.errors(startingWith: "warning: ")
    #expect(warnings.count == 1, "\(job.errors)")
    #expect(warnings.first?.contains("no rank's loss reached 1.weight in this step") == true)
  }

  @Test(arguments: [1, 2])
  func collectivesInOnRootStop(_ ranks: Int) throws {
    let job = try mpirun(ranks: ranks, "MPIChecks", ["collectiveInOnRoot"])
    #expect(job.status == 70)
    #expect("\(job.errors)".contains("allReduce: inside onRoot { }, which only rank 0 runs"))
  }

  @Test(arguments: [1, 2])
  func gradientsThatNobodyAveragesAreSaidOnce(_ ranks: Int) throws {
    let job = try mpirun(ranks: ranks, "MPIChecks", ["averagesNothing"])
    #expect(job.status == 0, "\(job.errors)")
    let warnings = job.errors(startingWith: "warning: ")
    #expect(warnings.count == ranks - 1, "\(job.errors)")
    if ranks > 1 {
      #expect(warnings.first?.contains("nobody averages the gradients of the parameters") == true)
    }
  }

  @Test func ordersThatDifferAreNamed() throws {
    let job = try mpirun(ranks: 3, "MPIChecks", ["ordersDiffer"])
    #expect(job.status == 76)
    #expect("\(job.errors)".contains("differ in shuffledBy: ranks 0-1 have 0, rank 2 has 1"))
  }

  @Test func modelsThatDifferAreNamed() throws {
    let job = try mpirun(ranks: 2, "MPIChecks", ["differentModels"])
    #expect(job.status == 76)
    #expect("\(job.errors)".contains("averageGradients: the models differ in tensor 2: rank 0 has"))
  }
}
