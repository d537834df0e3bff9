public import Diagnostics

/// A launcher started several ranks, but each is alone: it would be the same job many times over.
public struct LaunchError: ReportableError, Hashable {
  /// Why it is.
  package enum Cause: Hashable, Sendable {
    /// The MPI library with this name finds no other ranks.
    case alone(library: String)
    /// The launcher offers nothing by which they find each other.
    case noPMI
    /// The program was built without MPI.
    case notBuiltIn
  }

  let launcher: LaunchEnvironment.Launcher
  /// Nil where the launcher does not say it.
  let ranks: Int?
  let evidence: String
  let cause: Cause

  package init(
    launcher: LaunchEnvironment.Launcher, ranks: Int?, evidence: String, cause: Cause
  ) {
    self.launcher = launcher
    self.ranks = ranks
    self.evidence = evidence
    self.cause = cause
  }

  /// What was seen, and how to start the program instead.
  public var description: String {
    let promise = ranks.map { "the environment promises \($0) ranks (\(evidence))" }
    let seen = promise ?? "a launcher of MPI started this process"
    return switch cause {
    case .notBuiltIn:
      "\(seen) but this program was built without MPI, so each rank would train alone; build it with "
        + "Lockstep's trait MPI, which is on by default, or start it without a launcher"
    case .noPMI:
      "\(seen) but srun offers no PMI to join them, so each would train alone; run mpirun inside the "
        + "allocation, or `srun --mpi=pmix` where Slurm and Open MPI have PMIx"
    case .alone(let library):
      "\(seen) but MPI (\(library)) finds a single one, so each would train alone; "
        + launchingRight
    }
  }

  private var launchingRight: String {
    switch launcher {
    case .slurm, .pmix, .pmi:
      "use the mpirun of the Open MPI that the program is linked with, inside an allocation too, or "
        + "`srun --mpi=pmix` where Slurm and Open MPI have PMIx"
    case .openMPI, .none:
      "start the program with the mpirun of the Open MPI that it is linked with"
    }
  }

  /// ``ExitCode/unavailable``, status 69.
  public var exitCode: ExitCode { .unavailable }
}
