import ArgumentParser
import Glibc
import Lockstep

/// `lockstep doctor`
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what Lockstep finds on this machine and what holds it back.")

  func run() throws {
    try withCommunicator { world in
      let ranks = world.gather(describeRank(world))
      let advice = Set(world.gather(advice(world).joined(separator: "\n")))
      guard world.isRoot else { return }
      #if MPI
      print("MPI        \(MPICommunicator.libraryVersion)")
      print("threads    \(threadLevel(world))")
      #else
      print("MPI        not built in: one process only")
      #endif
      print("products   \(MatrixProducts.areByOpenBLAS ? "OpenBLAS" : "own kernels")")
      print("OpenBLAS   \(MatrixProducts.openBLASDescription ?? "not installed")")
      print("ranks      \(world.size)")
      for line in ranks { print("  " + line) }
      let lines = Set(advice.flatMap { $0.split(separator: "\n") }).sorted()
      print(lines.isEmpty ? "Nothing to mend." : "To mend:")
      for line in lines { print("  " + line) }
    }
  }

  #if MPI
  private func threadLevel(_ world: any Communicator) -> String {
    (world as? MPICommunicator).map { "MPI grants \($0.threadLevel.rawValue)" }
      ?? "MPI is not started: no mpirun"
  }
  #endif

  private func describeRank(_ world: any Communicator) -> String {
    """
    rank \(world.rank): host \(world.host), process \(getpid()), may use cores \(affinity()), \
    \(Threads.count) thread(s)
    """
  }

  private func advice(_ world: any Communicator) -> [String] {
    var advice: [String] = []
    if let core = getenv("OPENBLAS_CORETYPE"), MatrixProducts.openBLASDescription != nil {
      let name = String(cString: core)
      advice.append(
        """
        OPENBLAS_CORETYPE=\(name) pins OpenBLAS to \(name) kernels, which may be half as fast as what \
        this CPU can do: unset it (env -u OPENBLAS_CORETYPE ...)
        """)
    }
    let wanted = world.localSize * Threads.count
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    if wanted > cores {
      advice.append(
        """
        \(world.host): \(world.localSize) rank(s) x \(Threads.count) thread(s) on \(cores) cores: \
        results are right, but speed suffers
        """)
    }
    return advice
  }

  /// The cores of this process's affinity mask as the kernel writes it: `0-3,8`.
  private func affinity() -> String {
    guard let file = fopen("/proc/self/status", "r") else { return "unknown" }
    defer { fclose(file) }
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while getline(&line, &capacity, file) > 0, let text = line.map({ String(cString: $0) }) {
      guard text.hasPrefix("Cpus_allowed_list:") else { continue }
      return String(text.split(whereSeparator: \.isWhitespace).last ?? "unknown")
    }
    return "unknown"
  }
}
