package import Lockstep

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
    var sets: [(cores: [Int], threads: [Int])] = []
    for (allowance, count) in zip(allowances, threads) {
      let cores = allowance.cores.map(\.number).sorted()
      if let index = sets.firstIndex(where: { $0.cores == cores }) {
        sets[index].threads.append(count)
      } else {
        sets.append((cores, [count]))
      }
    }
    return sets.map { cores, threads in
      let numbers = Set(threads).sorted().map(String.init).joined(separator: " or ")
      let ranks =
        threads.count == 1 ? "1 rank with" : "\(threads.count) ranks, which share them, each with"
      return "cores \(listText(cores)): \(ranks) \(numbers) thread(s)"
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

/// `numbers`, which increase, as the kernel writes them: `0-3,8`.
package func listText(_ numbers: [Int]) -> String {
  var ranges: [ClosedRange<Int>] = []
  for number in numbers {
    if let last = ranges.last, last.upperBound + 1 == number {
      ranges[ranges.count - 1] = last.lowerBound...number
    } else {
      ranges.append(number...number)
    }
  }
  return ranges.map { range in
    range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
  }.joined(separator: ",")
}
