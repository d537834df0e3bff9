import Glibc
import Lockstep

/// What the ranks of a job find in their environment, whatever host they are on.
struct JobEnvironment {
  /// How wide the terminal is that shows the job's progress bar; nil: there is none.
  let columns: Int?
  private let values: [(name: String, value: String)]
  /// What the launcher tells runs, which ranks of this host inherit.
  private let told: [(name: String, value: String)]
  private let inherited: [String]

  /// For a job by this `plan`, started by this process.
  ///
  /// - Parameters:
  ///   - isHeard: whether this process hears what runs say of themselves.
  ///   - run: the directory of the run that the job goes on with after it has failed.
  init(
    _ plan: JobPlan, columns: Int? = terminalColumns(), isHeard: Bool = false,
    restarting run: String? = nil
  ) {
    self.columns = columns
    // Fifty lines of back trace per rank would bury the one line that says what went wrong.
    let backtrace = environmentVariable("SWIFT_BACKTRACE") ?? "enable=no"
    values =
      [("SWIFT_BACKTRACE", backtrace), ("LOCKSTEP_NUM_THREADS", "\(plan.threads)")]
      + (plan.isPlain ? [] : columns.map { [("LOCKSTEP_COLUMNS", "\($0)")] } ?? [])
    told =
      (isHeard ? [("LOCKSTEP_LAUNCHER", "1")] : []) + (run.map { [("LOCKSTEP_RESTART", $0)] } ?? [])
    let own = Set(values.map(\.name))
    // Ranks of this host inherit them anyway.
    let names = Set(Setting.all().map(\.name) + told.map(\.name)).subtracting(own)
    inherited = plan.hostFile == nil ? [] : names.sorted()
  }

  /// As `mpirun -x` takes them.
  var variables: [String] { ownVariables + inherited }

  /// Those that are set here, each as `NAME=value`.
  var ownVariables: [String] { values.map { "\($0.name)=\($0.value)" } }

  /// Sets them in this process.
  func apply() {
    for (name, value) in values + told { setenv(name, value, 1) }
  }
}
