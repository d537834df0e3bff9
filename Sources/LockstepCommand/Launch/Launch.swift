import ArgumentParser
import CRuntime
import Glibc
import Lockstep
import Training

/// `lockstep launch`
struct Launch: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start a program on several ranks of this machine, or of the hosts in a file.",
    discussion: """
      Chooses ranks and threads by the cores that this process may use, binds ranks to cores where \
      mpirun can, shows the program's progress bar, and leaves out what mpirun repeats. The status \
      is the program's. Options of the program follow its name: \
      'lockstep launch -n 2 .build/release/Spirals'. One rank runs without mpirun. \
      It can read standard input; several ranks find it empty.
      """)

  @Option(
    name: .customShort("n"),
    help: ArgumentHelp(
      """
      How many ranks (default: the cores divided by --threads, at most 4; with --hostfile one per \
      slot).
      """,
      valueName: "ranks"))
  var ranks: Int?

  @Option(
    help: """
      Threads per rank (default: LOCKSTEP_NUM_THREADS, or the cores divided by the ranks; with \
      --hostfile 1).
      """)
  var threads: Int?

  @Option(help: "The hosts, one a line, such as 'node1 slots=8' (default: this machine alone).")
  var hostfile: String?

  @Option(
    help: """
      Start a job again that has lost a rank or a host, was killed or hung (status 75, 128 and more), up to \
      so many times; a run goes on from its newest checkpoint.
      """)
  var restarts = 0

  @Flag(help: "Print the command instead of running it.")
  var print = false

  @Argument(
    parsing: .captureForPassthrough, help: "The program and its options.")
  var program: [String] = []

  func validate() throws {
    try require("-n", ranks, in: 1...100_000)
    try require("--threads", threads, in: Threads.counts)
    try require("--restarts", restarts, in: 0...100_000)
    guard let first = program.first else { throw ValidationError("Missing the program to start.") }
    if first == "-h" || first == "--help" { throw CleanExit.helpRequest(self) }
    guard first == "--" || !first.hasPrefix("-") else {
      throw ValidationError("Unknown option '\(first)'; options of a program follow its name.")
    }
    guard command.first?.isEmpty == false else {
      throw ValidationError("Missing the program to start.")
    }
  }

  private var command: [String] {
    Array(program.first == "--" ? program.dropFirst() : program[...])
  }

  func run() throws {
    try withCommunicator { _ in
      try LaunchFailure.refuseRanks("launch")
      if let hostfile { try HostFile.check(hostfile) }
      guard pathOfProgram(command[0]) != nil else { throw LaunchFailure.missing(command[0]) }
      let plan = JobPlan(
        ranks: ranks, threads: threads ?? Threads.chosenCount(), hostFile: hostfile,
        on: LaunchHost())
      let environment = JobEnvironment(plan)
      if plan.isPlain, restarts == 0 || print { return try become(environment) }
      if plan.isCrowded { printError(note(plan)) }
      if print { return try printResult(shellQuoted(job(plan, environment))) }
      Glibc.exit(
        try Supervisor(restarts: restarts).run { run in
          let environment = JobEnvironment(plan, isHeard: true, restarting: run)
          environment.apply()
          let (kills, start) = (MemoryKills.count(), time(nil))
          let end = try Job.run(job(plan, environment), drawsBar: environment.columns != nil)
          let why = MemoryKills.note(
            status: end.status, before: kills, after: MemoryKills.count())
          if let why { printError(why) }
          if end.status != 0 { SharedMemoryRests.remove(since: start) }
          return end
        })
    }
  }

  private func job(_ plan: JobPlan, _ environment: JobEnvironment) -> [String] {
    plan.isPlain
      ? command
      : plan.mpirun(variables: environment.variables, endsFast: restarts > 0) + command
  }

  private func note(_ plan: JobPlan) -> String {
    """
    note: \(plan.ranks ?? 1) ranks x \(plan.threads) threads share \(plan.host.cores) cores: good \
    for checking results, not for speed\n
    """
  }

  /// Replaces this process by the program, which then has the terminal and all signals.
  private func become(_ environment: JobEnvironment) throws {
    if print {
      return try printResult(shellQuoted(["env"] + environment.ownVariables + command))
    }
    environment.apply()
    fflush(nil)
    lk_obey_failed_writes()
    let arguments = command.map { strdup($0) } + [nil]
    execvp(command[0], arguments)
    let error = errno
    for argument in arguments { free(argument) }
    throw LaunchFailure.notStarted(command[0], error)
  }
}

/// `words` as a shell must be told them.
func shellQuoted(_ words: [String]) -> String {
  words.map { word in
    let isPlain = !word.isEmpty && word.utf8.allSatisfy { plainCharacters.contains($0) }
    return isPlain
      ? word
      : "'"
        + word.split(
          separator: "'", omittingEmptySubsequences: false
        ).joined(separator: #"'\''"#) + "'"
  }.joined(separator: " ")
}

private let plainCharacters = Set(
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,:=+@%".utf8)
