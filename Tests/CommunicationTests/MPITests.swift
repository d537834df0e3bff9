import TestSupport
import Testing

/// Jobs of several ranks under `mpirun`; one at a time, as they share the machine's cores.
@Suite(.serialized) struct MPITests {
  private static let reportable = "labels.gz: label 12 at index 4711 is not below 10"

  @Test(arguments: 1...4)
  func collectives(_ ranks: Int) throws {
    let checks = [
      "identity", "allReduce", "narrowSums", "broadcast", "allGather", "gather", "barrier",
      "sharedWindow", "chunks", "nested",
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

  /// A limit that is no number must not leave the job with another one; one rank says so.
  @Test(arguments: [
    ("LOCKSTEP_ABORT_AFTER", "soon", "a number of seconds, and 0 means never"),
    ("LOCKSTEP_WARN_AFTER", "-1", "a number of seconds, and 0 means never"),
    ("LOCKSTEP_NUM_THREADS", "many", "a whole number from 1 to 1024"),
  ])
  func nonsenseInVariablesIsSaidOnce(_ name: String, _ text: String, _ what: String) throws {
    let job = try mpirun(ranks: 2, "MPIChecks", ["barrier"], environment: [name: text])
    #expect(job.status == 78)
    let lines = job.errors(startingWith: "error: ")
    #expect(lines.count == 1 && lines[0].hasPrefix("error: rank 0/2 ("), "\(lines)")
    #expect(
      lines.first?.hasSuffix(": \(name) is '\(text)'; it must be \(what)") == true, "\(lines)")
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
