package import Lockstep

/// What is installed of Open MPI beside the library that this program is linked with.
package enum MPIInstallation {
  /// The version in what `mpirun --version` prints, or in what the library calls itself, such as
  /// `4.1.4`; nil: this is not Open MPI.
  package static func version(in words: String) -> String? {
    guard words.contains("Open MPI") else { return nil }
    let numbers = words.split { $0.isWhitespace || $0 == "," || $0 == "v" }
    return numbers.first { $0.contains(".") && $0.first?.isNumber == true }.map(String.init)
  }

  /// What to do where `mpirun`, which is at `path` and says `answer`, is not of the `library` that
  /// this program is linked with; nil: it is.
  package static func mismatch(library: String, mpirun answer: String, at path: String) -> String? {
    let found = version(in: answer)
    guard let own = version(in: library), found != own else { return nil }
    let name = found.map { "that of Open MPI \($0)" } ?? "not one of Open MPI"
    return """
      \(path) is \(name), but this program is linked with Open MPI \(own), and ranks may not find \
      each other: put the folder of the mpirun of \(own) first in PATH, or build again with the \
      library of that mpirun
      """
  }

  /// Which process managers Open MPI can join, by `parameters`, what `ompi_info --parsable` prints.
  package static func processManagers(_ parameters: String) -> String {
    let prefix = "mca:pmix:"
    var components: [String] = []
    for line in parameters.split(separator: "\n") where line.hasPrefix(prefix) {
      let name = String(line.dropFirst(prefix.count).prefix { $0 != ":" })
      if !components.contains(name) { components.append(name) }
    }
    // `isolated` is for a process that has none.
    let known = components.filter { $0 != "isolated" && $0 != "base" }.sorted()
    let texts = known.map { "\(managerName($0)) (\($0))" }
    return texts.isEmpty ? "none" : texts.joined(separator: ", ")
  }

  private static func managerName(_ component: String) -> String {
    switch component {
    case "s1": "PMI-1"
    case "s2": "PMI-2"
    case "flux": "Flux"
    case "cray": "Cray PMI"
    default: component.hasPrefix("pmix") || component.hasPrefix("ext") ? "PMIx" : "other"
    }
  }

  /// The kinds in what `srun --mpi=list` prints.
  package static func slurmKinds(_ list: String) -> [String] {
    list.split(separator: "\n").flatMap { line in
      line.hasSuffix("...") || line.contains(" types are")
        ? [] : line.split { $0 == " " || $0 == "\t" || $0 == "," }.filter { $0 != "srun:" }
    }.map(String.init)
  }

  /// Who started this process, in words.
  package static func text(_ launcher: LaunchEnvironment.Launcher) -> String {
    switch launcher {
    case .none: "no launcher"
    case .openMPI: "mpirun, by PMIx"
    case .pmix: "a PMIx server"
    case .pmi: "a PMI-1 or PMI-2 server"
    case .slurm: "srun without PMI"
    }
  }
}
