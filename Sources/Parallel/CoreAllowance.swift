/// What a process may use of its host's processor.
package struct CoreAllowance: Hashable, Sendable {
  /// A core of the affinity mask.
  package struct Core: Hashable, Sendable {
    /// Its first hardware thread, in the mask or not: the name of the core on its host.
    package let number: Int
    /// Those of its hardware threads that are in the mask, in increasing order. They share the units
    /// that do the arithmetic.
    package let threads: [Int]

    package init(number: Int, threads: [Int]) {
      self.number = number
      self.threads = threads
    }
  }

  /// The CPU limit of a control group that the process is in, such as its container.
  package struct Quota: Hashable, Sendable {
    /// The name of the group on its host.
    package let group: Int
    /// How many cores' time all processes of the group may use together; may be a fraction.
    package let cores: Double

    package init(group: Int, cores: Double) {
      self.group = group
      self.cores = cores
    }
  }

  /// The cores of the affinity mask; empty where the system does not say.
  package let cores: [Core]
  /// The limits of all control groups that the process is in, from the inside out.
  package let quotas: [Quota]

  package init(cores: [Core], quotas: [Quota]) {
    self.cores = cores
    self.quotas = quotas
  }

  /// The hardware threads of the affinity mask.
  package var threadCount: Int { cores.reduce(0) { $0 + $1.threads.count } }

  /// How many threads that compute a process by itself should have: whole cores, at least one.
  package var count: Int { Self.shares(of: [self])[0] }

  /// How many threads that compute each of the ranks of one host should have: whole cores, at least
  /// one.
  ///
  /// A core is divided among the ranks whose masks have it, and a limit among the ranks that are in
  /// its group. So equal masks are divided equally, and a rank that is bound to cores of its own has
  /// all of them.
  package static func shares(of ranks: [CoreAllowance]) -> [Int] {
    var usersOfCore: [Int: Double] = [:]
    var usersOfGroup: [Int: Double] = [:]
    for rank in ranks {
      for core in rank.cores { usersOfCore[core.number, default: 0] += 1 }
      for group in Set(rank.quotas.map(\.group)) { usersOfGroup[group, default: 0] += 1 }
    }
    return ranks.map { rank in
      let ofMask = rank.cores.reduce(0) { $0 + 1 / usersOfCore[$1.number, default: 1] }
      let ofGroups = rank.quotas.map { $0.cores / usersOfGroup[$0.group, default: 1] }
      let share = ([ofMask] + ofGroups).min() ?? 1
      // A sum of thirds may be a little less than one.
      return max(1, Int(min(share + 1e-6, 1e6)))
    }
  }
}

// MARK: Between ranks

extension CoreAllowance {
  /// What other ranks must know to share, as numbers: of each core its name only.
  package var numbers: [UInt64] {
    [UInt64(cores.count)] + cores.map { UInt64($0.number) }
      + quotas.flatMap { [UInt64(bitPattern: Int64($0.group)), $0.cores.bitPattern] }
  }

  /// What a rank with these `numbers` told.
  package init(numbers: [UInt64]) {
    let end = 1 + Int(numbers[0])
    cores = numbers[1..<end].map { Core(number: Int($0), threads: [Int($0)]) }
    quotas = stride(from: end, to: numbers.count - 1, by: 2).map {
      Quota(
        group: Int(Int64(bitPattern: numbers[$0])), cores: Double(bitPattern: numbers[$0 + 1]))
    }
  }
}
