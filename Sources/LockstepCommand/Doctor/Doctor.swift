import ArgumentParser
import Glibc
import Lockstep

/// `lockstep doctor`
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what Lockstep finds on this machine and what holds it back.",
    discussion: """
      Under mpirun it also measures what messages cost between hosts, or between the ranks of one \
      host.
      """)

  func run() throws {
    try withCommunicator { world in
      let ranks = world.gather(describeRank(world))
      let report = hostReport(world)
      let hosts = world.gather(world.localRank == 0 ? text(of: report, world) : "")
      let advice = world.gather((report.advice + environmentAdvice()).joined(separator: "\n"))
      let libraries = world.gather(MPICommunicator.libraryVersion)
      let (links, clockAdvice) = describeLinks(world)
      guard world.isRoot else { return }
      let installation = Installation(linkedWith: libraries)
      print("MPI        \(libraries[0])")
      for line in installation.lines { print(line) }
      print("threads    \(threadLevel(world))")
      print("products   \(MatrixProducts.areByOpenBLAS ? "OpenBLAS" : "own kernels")")
      print("OpenBLAS   \(MatrixProducts.openBLASDescription ?? "not installed")")
      print("ranks      \(world.size)")
      for line in ranks { print("  " + line) }
      for text in hosts where !text.isEmpty { print(text) }
      for line in links { print(line) }
      let lines = Set(advice.flatMap { $0.split(separator: "\n") }.map(String.init))
        .union(installation.advice + clockAdvice).sorted()
      print(lines.isEmpty ? "Nothing to mend." : "To mend:")
      for line in lines { print("  " + line) }
    }
  }

  private func threadLevel(_ world: any Communicator) -> String {
    (world as? MPICommunicator).map { "MPI grants \($0.threadLevel.rawValue)" }
      ?? "MPI is not started: no mpirun"
  }

  private func describeRank(_ world: any Communicator) -> String {
    """
    rank \(world.rank): host \(world.host), process \(getpid()), may use cores \(affinity()), \
    \(Threads.count) thread(s)
    """
  }

  /// What this rank's host offers, and what its ranks make of it; collective over the host.
  private func hostReport(_ world: any Communicator) -> HostReport {
    let own = CoreAllowance.current()
    var (allowances, threads) = ([own], [Threads.count])
    if let mpi = world as? MPICommunicator {
      allowances = mpi.allowances(own)
      threads = mpi.gatherOnHost([UInt64(Threads.count)]).map { Int($0[0]) }
    }
    return HostReport(
      own, host: world.host, demand: CoreDemand(of: allowances, threads: threads))
  }

  private func text(of report: HostReport, _ world: any Communicator) -> String {
    let lines = report.lines.map { name, text in
      "  " + name + String(repeating: " ", count: max(1, 15 - name.count)) + text
    }
    return (["host       \(world.host)"] + lines).joined(separator: "\n")
  }

  private func environmentAdvice() -> [String] {
    guard let name = environmentVariable("OPENBLAS_CORETYPE"),
      MatrixProducts.openBLASDescription != nil
    else { return [] }
    return [
      """
      OPENBLAS_CORETYPE=\(name) pins OpenBLAS to \(name) kernels, which may be half as fast as what \
      this CPU can do: unset it (env -u OPENBLAS_CORETYPE ...)
      """
    ]
  }

  /// What messages cost, and what to do about clocks; collective.
  private func describeLinks(_ world: any Communicator) -> (lines: [String], advice: [String]) {
    guard let mpi = world as? MPICommunicator, mpi.size > 1 else {
      return (["links      not measured: one rank; try mpirun -n 2 lockstep doctor"], [])
    }
    let names = mpi.gather(mpi.host)
    let leaders = mpi.gather([mpi.localRank]).enumerated().filter { $1[0] == 0 }.map(\.offset)
    let ends = leaders.count > 1 ? leaders : Array(0..<mpi.size)
    let pairs = LinkBench.pairs(of: ends)
    let measured = zip(pairs, LinkBench(world: mpi).measure(pairs)).map { pair, link in
      leaders.count > 1
        ? (first: names[pair.0], second: names[pair.1], link: link)
        : (first: "rank \(pair.0)", second: "rank \(pair.1)", link: link)
    }
    let isAll = pairs.count == ends.count * (ends.count - 1) / 2
    let title =
      (leaders.count > 1 ? "between hosts" : "between the ranks of this host")
      + (isAll ? "" : ", neighbors only: there are \(ends.count)")
    let table = linkTable(measured, hasClocks: leaders.count > 1).map { "  " + $0 }
    let advice = measured.compactMap { first, second, link in
      ClockOffset.advice(first, second, seconds: link.clock.offset)
    }
    return (["links      \(title)"] + table, advice)
  }
}

/// The affinity mask of this process as the kernel writes it: `0-3,8`.
private func affinity() -> String {
  let name = "Cpus_allowed_list:"
  let lines = (text(ofFile: "/proc/self/status") ?? "").split(separator: "\n")
  let line = lines.first { $0.hasPrefix(name) }
  return line.map { String($0.dropFirst(name.count).filter { !$0.isWhitespace }) } ?? "not readable"
}
