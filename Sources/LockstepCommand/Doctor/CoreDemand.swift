package import Lockstep
import Support

/// What the ranks of one host want of its cores together.
package struct CoreDemand {
  private let allowances: [CoreAllowance]
  private let threads: [Int]

  /// Of ranks with these `allowances` and numbers of `threads`, as many of both.
  package init(of allowances: [CoreAllowance], threads: [Int]) {
    self.allowances = allowances
    self.threads = threads
  }

  /// A line for each set of cores that ranks have: how many ranks, and what each takes of it.
  package var lines: [String] {
    let ranks = zip(allowances, threads).map { allowance, count in
      (cores: allowance.cores.map(\.number).sorted(), threads: count)
    }
    return ranks.grouped(by: \.cores).map { cores, members in
      let numbers = Set(members.map(\.threads)).sorted().map(String.init)
      let ranks =
        members.count == 1 ? "1 rank with" : "\(members.count) ranks, which share them, each with"
      return """
        cores \(rangesText(cores, separator: ",")): \(ranks) \
        \(numbers.joined(separator: " or ")) thread(s)
        """
    }
  }

  /// How many cores the ranks have room on together, whole ones.
  package var room: Int {
    let cores = Dictionary(
      allowances.flatMap { $0.cores.map { ($0.number, $0) } },
      uniquingKeysWith: { first, _ in first })
    // Limits that all ranks are under.
    let quotas = allowances.dropFirst().reduce(Set(allowances.first?.quotas ?? [])) {
      $0.intersection($1.quotas)
    }
    return CoreAllowance(cores: Array(cores.values), quotas: Array(quotas)).count
  }

  /// What to do where threads take turns on the cores of `host`; nil: each has one.
  package func advice(_ host: String) -> String? {
    let room = room
    let wanted = threads.reduce(0, +)
    guard wanted > room else { return nil }
    return """
      \(host): \(threads.count) rank(s) with \(wanted) thread(s) in all on \(room) core(s): results \
      are right, but speed suffers
      """
  }
}
