import Communication
import Diagnostics
import Testing

/// A process's environment and what is to be read from it.
struct LaunchCase: Sendable, CustomTestStringConvertible {
  let name: String
  let environment: [String: String]
  let launcher: LaunchEnvironment.Launcher
  let ranks: Int?
  let evidence: String

  var testDescription: String { name }

  static let all: [LaunchCase] = [
    LaunchCase("a shell", [:], .none),
    LaunchCase("mpirun -n 4", ["OMPI_COMM_WORLD_SIZE": "4"], .openMPI, 4, "OMPI_COMM_WORLD_SIZE=4"),
    LaunchCase(
      "mpirun -n 1, which has a PMIx server too",
      ["OMPI_COMM_WORLD_SIZE": "1", "PMIX_RANK": "0"], .openMPI, 1, "OMPI_COMM_WORLD_SIZE=1"),
    LaunchCase(
      "mpirun -n 8 in an allocation, where one srun task per host starts the ranks",
      slurmTask.merging(["OMPI_COMM_WORLD_SIZE": "8"]) { $1 },
      .openMPI, 8, "OMPI_COMM_WORLD_SIZE=8"),
    LaunchCase("a size that is no number", ["OMPI_COMM_WORLD_SIZE": "four"], .openMPI),
    LaunchCase("prun", ["PMIX_RANK": "2"], .pmix),
    LaunchCase(
      "srun --mpi=pmix", slurmTask.merging(["PMIX_RANK": "2"]) { $1 },
      .pmix, 4, "SLURM_STEP_NUM_TASKS=4"),
    LaunchCase(
      "mpirun of MPICH or Intel MPI", ["PMI_SIZE": "3", "PMI_RANK": "0"], .pmi, 3, "PMI_SIZE=3"),
    LaunchCase(
      "srun --mpi=pmi2", slurmTask.merging(["PMI_RANK": "1", "PMI_SIZE": "4"]) { $1 },
      .pmi, 4, "PMI_SIZE=4"),
    LaunchCase("plain srun", slurmTask, .slurm, 4, "SLURM_STEP_NUM_TASKS=4"),
    LaunchCase(
      "plain srun that counts only SLURM_NTASKS",
      ["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_STEP_ID": "0"],
      .slurm, 4, "SLURM_NTASKS=4"),
    LaunchCase("the script of sbatch", ["SLURM_NTASKS": "4", "SLURM_PROCID": "0"], .none),
    LaunchCase(
      "the script of sbatch, as step 0xfffffffb",
      ["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_STEP_ID": "4294967291"], .none),
    LaunchCase("the shell of salloc", ["SLURM_NTASKS": "4", "SLURM_JOB_ID": "7"], .none),
    LaunchCase(
      "the shell of salloc, as step 0xfffffffa",
      ["SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_STEP_ID": "4294967290"], .none),
    LaunchCase(
      "the shell of srun --pty", slurmTask.merging(["SLURM_PTY_PORT": "34567"]) { $1 }, .none),
  ]

  private static let slurmTask = [
    "SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_PROCID": "0", "SLURM_NTASKS": "4",
    "SLURM_STEP_NUM_TASKS": "4",
  ]

  private init(
    _ name: String, _ environment: [String: String], _ launcher: LaunchEnvironment.Launcher,
    _ ranks: Int? = nil, _ evidence: String = ""
  ) {
    self.name = name
    self.environment = environment
    self.launcher = launcher
    self.ranks = ranks
    self.evidence = evidence
  }
}

@Suite struct LaunchEnvironmentTests {
  @Test(arguments: LaunchCase.all)
  func tells(_ launch: LaunchCase) {
    let environment = LaunchEnvironment(launch.environment)
    #expect(environment.launcher == launch.launcher)
    #expect(environment.promisedRanks == launch.ranks)
    #expect(environment.evidence == launch.evidence)
    #expect(environment.startsMPI == [.openMPI, .pmix, .pmi].contains(launch.launcher))
  }

  /// Where it promises several ranks, or may have.
  @Test(
    arguments: [
      (4, "the environment promises 4 ranks (OMPI_COMM_WORLD_SIZE=4) but"),
      (nil, "a launcher of MPI started this process but"),
    ] as [(Int?, String)])
  func aProgramBuiltWithoutMPIIsRefused(_ ranks: Int?, _ seen: String) {
    let error = LaunchError(
      launcher: .openMPI, ranks: ranks, evidence: "OMPI_COMM_WORLD_SIZE=4", cause: .notBuiltIn)
    #expect(
      error.description == """
        \(seen) this program was built without MPI, so each rank would train alone; build it with \
        Lockstep's trait MPI, which is on by default, or start it without a launcher
        """)
    #expect(error.exitCode == .unavailable)
  }
}
