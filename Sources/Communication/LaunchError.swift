public import Diagnostics

/// A launcher started several ranks, but each is alone: it would be the same job many times over.
public struct LaunchError: ReportableError, Hashable {
  let launcher: LaunchEnvironment.Launcher
  let ranks: Int
  let evidence: String
  let library: String?

  /// What was seen, and how to start the program instead.
  public var description: String {
    let seen = "the environment promises \(ranks) ranks (\(evidence)) but"
    let linked = library.map { " (\($0))" } ?? ""
    return switch launcher {
    case .slurm:
      "\(seen) srun offers no PMI to join them, so each would train alone; run mpirun inside the "
        + "allocation, or `srun --mpi=pmix` where Slurm and Open MPI have PMIx"
    case .pmix, .pmi:
      "\(seen) MPI\(linked) finds a single one, so each would train alone; use the mpirun of the "
        + "Open MPI that the program is linked with, inside an allocation too, or "
        + "`srun --mpi=pmix` where Slurm and Open MPI have PMIx"
    case .openMPI, .none:
      "\(seen) MPI\(linked) finds a single one, so each would train alone; start the program with "
        + "the mpirun of the Open MPI that it is linked with"
    }
  }

  /// ``ExitCode/unavailable``, status 69.
  public var exitCode: ExitCode { .unavailable }
}
