import Glibc
import Lockstep

/// Starts this program again on several ranks, and collects what it prints.
struct RankLauncher {
  /// Threads of each rank.
  let threads: Int
  /// Where the hosts are named; nil: this one.
  let hostFile: String?
  private let allowance = CoreAllowance.current()

  /// How many cores ranks of this host may use.
  var cores: Int { allowance.count }

  /// Whether so many ranks take turns on the cores of this host; with a host file nobody knows.
  func isCrowded(_ ranks: Int) -> Bool { plan(ranks).isCrowded }

  private func plan(_ ranks: Int) -> JobPlan {
    JobPlan(ranks: ranks, threads: threads, hostFile: hostFile, on: LaunchHost(allowance))
  }

  /// The command that runs `lockstep` with `arguments` on `ranks` ranks. One that is alone has as many
  /// cores of this host as each of several would have, in every `turn` others.
  ///
  /// Throws `LaunchFailure` where this program does not know its own path, or `taskset` is missing.
  func command(_ arguments: [String], ranks: Int, turn: Int) throws -> [String] {
    let plan = plan(ranks)
    let environment = JobEnvironment(plan, columns: nil)
    let start =
      plan.isPlain
      ? ["env"] + environment.ownVariables + (try taskset(turn))
      : plan.mpirun(variables: environment.variables)
    return start + [try ownPath()] + arguments
  }

  /// What that prints.
  ///
  /// Throws `LaunchFailure` where `mpirun` is missing or the job fails.
  func run(_ arguments: [String], ranks: Int, turn: Int) throws -> String {
    let command = try command(arguments, ranks: ranks, turn: turn)
    guard let child = try ChildProcess(command) else { throw LaunchFailure.missing(command[0]) }
    guard child.status == 0 else { throw LaunchFailure(child, ranks: ranks) }
    printError(child.errors)
    return child.output
  }

  private func taskset(_ turn: Int) throws -> [String] {
    let cores = allowance.cores.map(\.threads)
    guard threads < cores.count else { return [] }
    guard pathOfProgram("taskset") != nil else { throw LaunchFailure.missing("taskset") }
    let chosen = (0..<threads).flatMap { cores[(turn * threads + $0) % cores.count] }
    return ["taskset", "--cpu-list", chosen.map(String.init).joined(separator: ",")]
  }

  private func ownPath() throws -> String {
    var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &path, path.count)
    guard count > 0 else { throw LaunchFailure("/proc is not mounted", .unavailable) }
    return String(decoding: path[..<count], as: UTF8.self)
  }
}

extension LaunchFailure {
  /// The last line that a rank of `child` said is passed on, and its status. Where no rank could
  /// speak, all that `mpirun` has to say is printed.
  init(_ child: ChildProcess, ranks: Int) {
    let prefix = "error: "
    let lines = child.errors.split(separator: "\n")
    let last = lines.last { $0.hasPrefix(prefix) }
    if last == nil { printError(child.errors) }
    let cause = last.map { String($0.dropFirst(prefix.count)) }
    self.init(
      "a job of \(ranks) rank(s): \(cause ?? "ended with status \(child.status); see above")",
      ExitCode(rawValue: child.status))
  }
}
