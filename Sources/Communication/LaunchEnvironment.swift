import Glibc
import Support

/// What the environment tells about how this process was started.
///
/// MPI is initialised only in a process that a launcher started as one of its ranks. The rules,
/// first match wins:
/// 1. `OMPI_COMM_WORLD_SIZE`: the `mpirun` of Open MPI, inside a Slurm allocation or not.
/// 2. `PMIX_RANK`: a PMIx server, such as `srun --mpi=pmix`. PMIx does not state the number of
///    ranks; in a Slurm step it is the number of tasks.
/// 3. `PMI_SIZE` or `PMI_RANK`: a PMI server, such as `srun --mpi=pmi2`, or the `mpirun` of another
///    MPI.
/// 4. `SLURM_STEP_ID` and `SLURM_PROCID`: a task of a plain `srun`, which offers MPI nothing to
///    connect to.
///
/// Everything else is a plain process. So are the script of `sbatch` and the shell of `salloc`,
/// which have `SLURM_NTASKS` and even `SLURM_PROCID` although `srun` did not start them: they have
/// no step, or one of Slurm's reserved steps with an id from `0xffff_fff0`; and so is the shell of
/// `srun --pty`, known by `SLURM_PTY_PORT`.
public struct LaunchEnvironment: Hashable, Sendable {
  /// Who started this process.
  public enum Launcher: Hashable, Sendable {
    /// A shell, or any other program that knows nothing of ranks.
    case none
    /// The `mpirun` of Open MPI.
    case openMPI
    /// A launcher with a PMIx server.
    case pmix
    /// A launcher with a PMI-1 or PMI-2 server.
    case pmi
    /// `srun` without any PMI.
    case slurm
  }

  /// Who started this process.
  public let launcher: Launcher
  /// The number of ranks that the launcher started, or `nil` where it does not say.
  public let promisedRanks: Int?
  /// The variable that made the promise, as `NAME=value`; empty where there is no promise.
  public let evidence: String

  /// Whether MPI is to be initialised.
  public var startsMPI: Bool {
    switch launcher {
    case .openMPI, .pmix, .pmi: true
    case .none, .slurm: false
    }
  }

  /// What `environment` tells.
  public init(_ environment: [String: String]) {
    let isSlurmTask = Self.isSlurmTask(environment)
    let slurmCounts = isSlurmTask ? ["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"] : []
    let counts: [String]
    if environment["OMPI_COMM_WORLD_SIZE"] != nil {
      launcher = .openMPI
      counts = ["OMPI_COMM_WORLD_SIZE"]
    } else if environment["PMIX_RANK"] != nil {
      launcher = .pmix
      counts = slurmCounts
    } else if environment["PMI_SIZE"] != nil || environment["PMI_RANK"] != nil {
      launcher = .pmi
      counts = ["PMI_SIZE"] + slurmCounts
    } else {
      launcher = isSlurmTask ? .slurm : .none
      counts = slurmCounts
    }
    let promise = counts.lazy.compactMap { name in
      environment[name].flatMap { Int($0) }.map { (ranks: $0, name: name) }
    }.first
    promisedRanks = promise?.ranks
    evidence = promise.map { "\($0.name)=\($0.ranks)" } ?? ""
  }

  /// What the environment of this process tells.
  public static var current: LaunchEnvironment {
    var environment: [String: String] = [:]
    for name in variables {
      environment[name] = environmentVariable(name)
    }
    return LaunchEnvironment(environment)
  }

  /// The error of a process that `size` ranks, as far as MPI knows, do not make part of the
  /// promised job.
  func refusal(ofSize size: Int, linkedWith library: String) -> LaunchError? {
    guard let promisedRanks, promisedRanks > 1, size == 1 else { return nil }
    return LaunchError(
      launcher: launcher, ranks: promisedRanks, evidence: evidence, cause: .alone(library: library))
  }

  /// The error of a process in which MPI is not started, although a launcher may have started several.
  var refusalAlone: LaunchError? {
    // A launcher that does not tell the number of ranks is taken to have started several.
    guard promisedRanks ?? (startsMPI ? 2 : 1) > 1 else { return nil }
    #if MPI
    let cause = LaunchError.Cause.noPMI
    #else
    let cause = LaunchError.Cause.notBuiltIn
    #endif
    return LaunchError(launcher: launcher, ranks: promisedRanks, evidence: evidence, cause: cause)
  }

  private static let variables = [
    "OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_SIZE", "PMI_RANK", "SLURM_STEP_ID", "SLURM_PROCID",
    "SLURM_PTY_PORT", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS",
  ]

  private static func isSlurmTask(_ environment: [String: String]) -> Bool {
    guard let step = environment["SLURM_STEP_ID"].flatMap({ UInt32($0) }) else { return false }
    return step < 0xffff_fff0 && environment["SLURM_PROCID"] != nil
      && environment["SLURM_PTY_PORT"] == nil
  }
}
