import Glibc
import Lockstep

/// What `lockstep doctor` says of the launchers that are installed on this host.
struct Installation {
  private(set) var lines: [String] = []
  private(set) var advice: [String] = []

  /// Asks them. `libraries` is what the MPI library of each rank calls itself.
  init(linkedWith libraries: [String]) {
    addMpirun(libraries[0])
    let managers =
      switch answer(["ompi_info", "--parsable", "--param", "pmix", "all"]) {
      case .success(let text): "Open MPI joins \(MPIInstallation.processManagers(text))"
      case .failure(let failure): "not readable: \(failure.description)"
      }
    lines.append("PMI        \(managers)")
    if case .success(let text) = answer(["srun", "--mpi=list"]) {
      lines.append(
        "           srun offers \(MPIInstallation.slurmKinds(text).joined(separator: ", "))")
    }
    let launcher = MPIInstallation.text(LaunchEnvironment.current.launcher)
    lines.append("           this process was started by \(launcher)")
    let kinds = Set(libraries).sorted()
    if kinds.count > 1 {
      advice.append(
        "the ranks' MPI libraries differ (\(kinds.joined(separator: "; "))): install the same one")
    }
  }

  private mutating func addMpirun(_ library: String) {
    guard let path = pathOfProgram("mpirun") else {
      lines.append("mpirun     not in PATH")
      advice.append("mpirun is not in PATH: install Open MPI (launch/quickstart does)")
      return
    }
    switch answer(["mpirun", "--version"]) {
    case .success(let text):
      let version = MPIInstallation.version(in: text).map { "Open MPI \($0)" }
      lines.append("mpirun     \(version ?? "not of Open MPI"), \(path)")
      if let mismatch = MPIInstallation.mismatch(library: library, mpirun: text, at: path) {
        advice.append(mismatch)
      }
    case .failure(let failure): lines.append("mpirun     not readable: \(failure.description)")
    }
  }

  /// All that the command prints.
  private func answer(_ command: [String]) -> Result<String, LaunchFailure> {
    do {
      guard let child = try ChildProcess(command) else { return .failure(.missing(command[0])) }
      guard child.status == 0 else {
        let name = command.joined(separator: " ")
        return .failure(LaunchFailure("\(name) ended with status \(child.status)", .unavailable))
      }
      return .success(child.output + child.errors)
    } catch {
      return .failure(LaunchFailure("\(error)", .unavailable))
    }
  }
}
