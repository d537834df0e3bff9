import TestSupport
import Testing

/// Jobs of several ranks under `mpirun`; one at a time, as they share the machine's cores.
@Suite(.serialized) struct MPITests {
  private static let reportable = "labels.gz: label 12 at index 4711 is not below 10"

  @Test(arguments: 1...4)
  func collectives(_ ranks: Int) throws {
    let checks = [
      "identity", "allReduce", "broadcast", "allGather", "gather", "barrier", "sharedWindow",
      "chunks", "nested",
    ]
    let job = try mpirun(ranks: ranks, "MPIChecks", checks)
    #expect(job.status == 0, "\(job.errors)")
    #expect(job.errors(startingWith: "error: ").isEmpty)
    for name in checks {
      let passed = job.output.split(whereSeparator: \.isNewline)
        .filter { $0.hasSuffix("passed \(name)") }
      #expect(passed.count == ranks, "\(name): \(passed)")
    }
  }

  /// A failure that a rank can still report: the job ends with its status and one line that names
  /// it.
  @Test(arguments: [
    ("throwOnLast", 65, "rank 3/4", reportable),
    ("throwOnLastLate", 65, "rank 3/4", reportable),
    ("failCheckOnLast", 70, "rank 3/4", "matmul: [2, 3] x [4, 5]: inner dimensions 3 and 4 differ"),
    ("failCheckOnThread", 70, "rank 3/4", "gemm: a worker failed"),
  ])
  func reportsOneCause(_ name: String, _ status: Int32, _ rank: String, _ cause: String) throws {
    let job = try mpirun(ranks: 4, "MPIChecks", [name])
    #expect(job.status == status, "\(job.errors)")
    #expect(job.seconds < 5 * patience)
    let lines = job.errors(startingWith: "error: ")
    #expect(lines.count == 1, "\(job.errors)")
    #expect(lines.first?.hasPrefix("error: \(rank)") == true, "\(lines)")
    #expect(lines.first?.hasSuffix("): \(cause)") == true, "\(lines)")
  }

  @Test(arguments: 2...4)
  func reportsACauseOfAllRanksOnce(_ ranks: Int) throws {
    for _ in 1...5 {
      let job = try mpirun(ranks: ranks, "MPIChecks", ["throwOnAll"])
      #expect(job.status == 65)
      #expect(job.seconds < 5 * patience)
      #expect(job.errors(startingWith: "error: ").count == 1, "\(job.errors)")
    }
  }

  /// A failure that leaves the rank no time to report; `mpirun` does, with the signal.
  @Test(arguments: [("trapOnLast", 132), ("killLast", 137), ("exitOnLast", 1)])
  func endsWhenARankIsLost(_ name: String, _ status: Int32) throws {
    let job = try mpirun(ranks: 4, "MPIChecks", [name])
    #expect(job.status == status, "\(job.errors)")
    #expect(job.seconds < 5 * patience)
  }

  @Test func oneRankUnderMpirunFailsLikeAPlainProcess() throws {
    let job = try mpirun(ranks: 1, "MPIChecks", ["throwOnAll"])
    #expect(job.status == 65)
    #expect(job.errors(startingWith: "error: ") == ["error: \(Self.reportable)"])
  }
}

/// Processes that are alone although a launcher promised several ranks.
@Suite(.serialized) struct SingletonTests {
  @Test(arguments: [
    (["OMPI_COMM_WORLD_SIZE": "4"], "(OMPI_COMM_WORLD_SIZE=4)", "the mpirun of the Open MPI"),
    (["PMI_SIZE": "4", "PMI_RANK": "0"], "(PMI_SIZE=4)", "the mpirun of the Open MPI"),
    (
      ["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_STEP_ID": "0"], "(SLURM_NTASKS=4)",
      "run mpirun inside the allocation, or `srun --mpi=pmix`"
    ),
    (
      ["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_STEP_ID": "0", "PMIX_RANK": "0"],
      "(SLURM_NTASKS=4)", "`srun --mpi=pmix`"
    ),
  ])
  func areRefused(_ environment: [String: String], _ seen: String, _ remedy: String) throws {
    let process = try runAlone("MPIChecks", ["gather"], environment: environment)
    #expect(process.status == 69)
    #expect(process.seconds < 5 * patience)
    #expect(process.output == "")
    let lines = process.errors(startingWith: "error: ")
    #expect(lines.count == 1, "\(process.errors)")
    let line = lines.first ?? ""
    #expect(line.hasPrefix("error: the environment promises 4 ranks \(seen)"), "\(line)")
    #expect(line.contains(remedy), "\(line)")
  }

  /// The script of `sbatch` has the variables too, but nothing promised that this process is one of
  /// 4.
  @Test(arguments: [[:], ["SLURM_NTASKS": "4", "SLURM_PROCID": "0"]])
  func plainProcessesAreNot(_ environment: [String: String]) throws {
    let process = try runAlone("MPIChecks", ["gather"], environment: environment)
    #expect(process.status == 0, "\(process.errors)")
    #expect(process.output == "rank 0 passed gather\n")
  }
}
