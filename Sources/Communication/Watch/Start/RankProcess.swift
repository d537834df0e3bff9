import Glibc
import Support

/// A process of this host that a launcher has started as a rank of this job, as the system shows it.
///
/// This is how ranks see those that have not come to MPI, or never will: a program that is none of
/// Lockstep has a process, and the launcher's variables, too.
struct RankProcess: Hashable {
  /// Its number in the job.
  let rank: Int
  let id: pid_t
  /// What the system calls it: the name of its program, of 15 characters at most.
  let name: String
  /// Whether it has come to where MPI is started, known by the name of a thread.
  let hasCome: Bool
  /// The letter of its state in /proc; 1: it is gone.
  let state: UInt8

  /// Whether it does not run.
  var isStopped: Bool { [UInt8(ascii: "T"), UInt8(ascii: "t")].contains(state) }

  /// All of this process's job and host that this user may see, one for each rank.
  ///
  /// A rank may have started others, which have its variables: one that has come counts, or the
  /// youngest.
  static func all(threadsOfCome marker: String) -> [RankProcess] {
    let mine = variables(of: getpid())
    let keys = jobKeys.filter { mine[$0] != nil }
    var found: [Int: RankProcess] = [:]
    for id in processes() {
      let variables = variables(of: id)
      guard keys.allSatisfy({ variables[$0] == mine[$0] }), let rank = rank(in: variables) else {
        continue
      }
      let process = RankProcess(
        rank: rank, id: id, name: name(of: "\(id)") ?? "unknown",
        hasCome: threads(of: id).contains { name(of: "\(id)/task/\($0)") == marker },
        state: processLetter(id))
      if process.state == 1 { continue }
      if found[rank].map(process.tellsMore) ?? true { found[rank] = process }
    }
    return found.values.sorted { $0.rank < $1.rank }
  }

  /// Whether it tells more about its rank than `other`, another process of the same.
  private func tellsMore(than other: RankProcess) -> Bool {
    hasCome == other.hasCome ? id > other.id : hasCome
  }

  /// What a rank finds in its environment that ranks of other jobs and hosts do not.
  private static let jobKeys = ["PMIX_NAMESPACE", "PMIX_SERVER_TMPDIR", "PMIX_HOSTNAME"]

  /// Its number in the job, as the launcher says it.
  static func rank(in variables: [String: String]) -> Int? {
    (variables["OMPI_COMM_WORLD_RANK"] ?? variables["PMIX_RANK"]).flatMap { Int($0) }
  }

  /// The environment with which a process was started; empty where this user may not see it.
  static func variables(of process: pid_t) -> [String: String] {
    guard let text = text(ofFile: "/proc/\(process)/environ") else { return [:] }
    var variables: [String: String] = [:]
    for entry in text.split(separator: "\0") {
      let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
    }
    return variables
  }

  private static func processes() -> [pid_t] { numbers(in: "/proc") }

  private static func threads(of process: pid_t) -> [pid_t] { numbers(in: "/proc/\(process)/task") }

  /// The entries of a folder that are numbers.
  private static func numbers(in folder: String) -> [pid_t] {
    guard let handle = opendir(folder) else { return [] }
    defer { closedir(handle) }
    var numbers: [pid_t] = []
    while let entry = readdir(handle) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if let number = pid_t(name) { numbers.append(number) }
    }
    return numbers
  }

  /// The name of a process or thread, whose folder below /proc is given.
  private static func name(of folder: String) -> String? {
    text(ofFile: "/proc/\(folder)/comm").map { String($0.prefix { $0 != "\n" }) }
  }
}
