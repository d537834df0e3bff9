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
      let job = JobReport(world)
      guard world.isRoot else { return }
      for line in job.lines { try printResult(line) }
      try printResult("products   \(MatrixProducts.areByOpenBLAS ? "OpenBLAS" : "own kernels")")
      try printResult("OpenBLAS   \(MatrixProducts.openBLASDescription ?? "not installed")")
      for line in settings() { try printResult(line) }
      try printResult("ranks      \(world.size)")
      for line in ranks { try printResult("  " + line) }
      for text in hosts where !text.isEmpty { try printResult(text) }
      for line in job.links { try printResult(line) }
      let lines = Set(advice.flatMap { $0.split(separator: "\n") }.map(String.init))
        .union(job.advice).sorted()
      try printResult(lines.isEmpty ? "Nothing to mend." : "To mend:")
      for line in lines { try printResult("  " + line) }
    }
  }

  private func describeRank(_ world: any Communicator) -> String {
    let mask = CoreAllowance.maskList() ?? "not readable"
    return """
      rank \(world.rank): host \(world.host), process \(getpid()), may use cores \(mask), \
      \(Threads.count) thread(s)
      """
  }

  /// What this rank's host offers, and what its ranks make of it; collective over the host.
  private func hostReport(_ world: any Communicator) -> HostReport {
    let own = CoreAllowance.current()
    return HostReport(own, host: world.host, demand: CoreDemand(of: own, on: world))
  }

  private func text(of report: HostReport, _ world: any Communicator) -> String {
    let lines = report.lines.map { name, text in
      "  " + name + String(repeating: " ", count: max(1, 15 - name.count)) + text
    }
    return (["host       \(world.host)"] + lines).joined(separator: "\n")
  }

  /// The variables that change what Lockstep does here.
  private func settings() -> [String] {
    let lines = Setting.all().map { name, value, isKnown in
      "\(name)=\(printable(value))\(isKnown ? "" : ", which Lockstep does not read")"
    }
    return (lines.isEmpty ? ["none of LOCKSTEP_…"] : lines).enumerated().map { index, line in
      (index == 0 ? "variables  " : "           ") + line
    }
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
}
