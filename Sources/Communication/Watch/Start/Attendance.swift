import Diagnostics
import Support

/// Which ranks of a job have come to where MPI is started, as one of them sees it on its host.
struct Attendance {
  /// The number of ranks of the job.
  let size: Int
  /// The number of those that the launcher has started on this host; nil: it does not say.
  let localSize: Int?
  /// Those of this host that have a process.
  let processes: [RankProcess]

  /// The lowest rank of this host that has come and runs: it speaks for all; nil: nothing is seen.
  var speaker: Int? { processes.first { $0.hasCome && !$0.isStopped }?.rank }

  /// Whether a rank of this host has no process: it may have spoken, and ended.
  var isSomeoneGone: Bool { processes.count < localSize ?? size }

  /// Whether the others wait for a rank of this host.
  var isHeldUpHere: Bool { !culprits.isEmpty }

  /// What the ranks of this host do for which the others wait.
  private var culprits: [String] {
    var sentences = processes.filter { !$0.hasCome }.map { process in
      """
      \(rankList([process.rank])) has not come to withCommunicator: its process \(process.id) is \
      '\(process.name)'\(process.isStopped ? ", and stopped (SIGSTOP or a debugger)" : "")
      """
    }
    sentences += processes.filter { $0.hasCome && $0.isStopped }.map { process in
      """
      \(rankList([process.rank])) does not go on: its process \(process.id) is stopped (SIGSTOP or a \
      debugger)
      """
    }
    if let gone = gone { sentences.append(gone) }
    return sentences
  }

  /// What is to be said of ranks that have no process.
  private var gone: String? {
    guard let localSize, processes.count < localSize else { return nil }
    guard localSize == size else {
      return "\(localSize - processes.count) rank(s) of this host have no process"
    }
    let ranks = Set(0..<size).subtracting(processes.map(\.rank)).sorted()
    return "\(rankList(ranks)) \(ranks.count == 1 ? "has" : "have") no process, and has not come"
  }

  /// A sentence for each group of ranks that do the same, those that others wait for first.
  func sentences(after seconds: Double) -> [String] {
    var sentences = culprits
    let elsewhere = size - Swift.max(localSize ?? processes.count, processes.count)
    if elsewhere > 0 {
      sentences.append("\(elsewhere) rank(s) on other hosts are not seen from here")
    }
    if sentences.isEmpty { sentences.append("all ranks have come, but MPI does not join them") }
    let waiting = processes.filter { $0.hasCome && !$0.isStopped }.map(\.rank)
    if !waiting.isEmpty {
      let verb = waiting.count == 1 ? "waits" : "wait"
      sentences.append(
        "\(rankList(waiting)) \(verb) for all \(size) ranks to join for \(duration(seconds))")
    }
    return sentences
  }
}
