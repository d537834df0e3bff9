import Parallel
import Testing

/// What a process may use of its host's cores, and how ranks divide what they share.
@Suite struct CoreAllowanceTests {
  private static func mask(
    _ cores: some Sequence<Int>, quotas: [(group: Int, cores: Double)] = []
  ) -> CoreAllowance {
    CoreAllowance(
      cores: cores.map { .init(number: $0, threads: [$0]) },
      quotas: quotas.map { .init(group: $0.group, cores: $0.cores) })
  }

  /// The masks of the ranks of one host, and the threads of each.
  private static let tables: [(ranks: [CoreAllowance], threads: [Int])] = [
    // One rank has all; each of several that are bound has its own.
    ([mask(0..<8)], [8]),
    ([mask(0..<4), mask(4..<8)], [4, 4]),
    ([mask([0]), mask([1]), mask(2..<8)], [1, 1, 6]),
    // Unbound on a machine, a socket or a Slurm cpuset.
    (Array(repeating: mask(0..<8), count: 2), [4, 4]),
    (Array(repeating: mask(8..<16), count: 3), [2, 2, 2]),
    (Array(repeating: mask(0..<2), count: 5), [1, 1, 1, 1, 1]),
    // Two sockets with two ranks each.
    ([mask(0..<4), mask(0..<4), mask(4..<8), mask(4..<8)], [2, 2, 2, 2]),
    // A mask within another: three cores and half of one; half of one.
    ([mask(0..<4), mask([0])], [3, 1]),
    ([mask(0..<4), mask(2..<6)], [3, 3]),
    // Thirds add up to whole cores.
    (Array(repeating: mask(0..<3), count: 3), [1, 1, 1]),
    (Array(repeating: mask(0..<21), count: 7), Array(repeating: 3, count: 7)),
    // A container's limit is divided among its ranks; another container's is its own.
    (Array(repeating: mask(0..<64, quotas: [(7, 4)]), count: 2), [2, 2]),
    (Array(repeating: mask(0..<64, quotas: [(7, 3.5)]), count: 3), [1, 1, 1]),
    ([mask(0..<64, quotas: [(7, 6.5)])], [6]),
    ([mask(0..<64, quotas: [(7, 0.5)])], [1]),
    ([mask(0..<32, quotas: [(7, 4)]), mask(32..<64, quotas: [(8, 2)])], [4, 2]),
    // Tasks with limits of their own within the job's.
    (
      [
        mask(0..<64, quotas: [(1, 3), (9, 4)]), mask(0..<64, quotas: [(2, 1), (9, 4)]),
      ], [2, 1]
    ),
    // Nothing is known.
    ([mask([])], [1]),
  ]

  @Test(arguments: tables.indices)
  func ranksDivideWhatTheyShare(_ index: Int) {
    let (ranks, threads) = Self.tables[index]
    #expect(CoreAllowance.shares(of: ranks) == threads)
    // So it is when each has told the others in numbers.
    let told = ranks.map { CoreAllowance(numbers: $0.numbers) }
    #expect(CoreAllowance.shares(of: told) == threads)
  }

  /// No core has more threads than one, but for ranks that have no whole core.
  @Test(arguments: tables.indices)
  func noCoreIsPromisedTwice(_ index: Int) {
    let ranks = Self.tables[index].ranks
    let shares = CoreAllowance.shares(of: ranks)
    let cores = Set(ranks.flatMap { $0.cores.map(\.number) })
    let whole = shares.filter { $0 > 1 }.reduce(0, +)
    #expect(whole <= cores.count)
  }

  /// A machine of four cores with two hardware threads each, of which the mask has some.
  private func read(
    mask: String, groups: String = "", limits: [String: String] = [:]
  ) -> CoreAllowance {
    var files = [
      "/proc/self/status": "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t\(mask)\nMems:\t1\n",
      "/proc/self/cgroup": groups,
    ]
    for cpu in 0..<8 {
      files["/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list"] =
        "\(cpu % 4),\(cpu % 4 + 4)\n"
    }
    files.merge(limits) { $1 }
    let folders = limits.keys.map { $0.split(separator: "/").dropLast().joined(separator: "/") }
      .sorted()
    return .current(
      read: { files[$0] },
      identity: { path in (folders.firstIndex(of: String(path.dropFirst())) ?? -2) + 1 })
  }

  @Test(arguments: [
    ("0-7", [[0, 4], [1, 5], [2, 6], [3, 7]]), ("0-3", [[0], [1], [2], [3]]),
    ("4-5,1", [[4], [1, 5]]), ("6", [[6]]),
  ])
  func hardwareThreadsOfACoreCountOnce(_ mask: String, _ cores: [[Int]]) {
    let allowance = read(mask: mask)
    #expect(allowance.cores.map(\.threads) == cores)
    #expect(allowance.cores.map(\.number) == cores.map { $0[0] % 4 })
    #expect(allowance.count == cores.count)
    #expect(allowance.threadCount == cores.joined().count)
  }

  /// Ranks that are bound to the hardware threads of one core share it.
  @Test func hardwareThreadsOfACoreAreShared() {
    let ranks = [read(mask: "0,4-5"), read(mask: "1,2")]
    #expect(CoreAllowance.shares(of: ranks) == [1, 1])
    #expect(CoreAllowance.shares(of: [ranks[0], read(mask: "2,6,3")]) == [2, 2])
  }

  private static let groups: [(file: String, limits: [String: String], quotas: [Double])] = [
    ("0::/a/b\n", ["/sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"], [1.5]),
    (
      "0::/a/b\n",
      [
        "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "/sys/fs/cgroup/a/cpu.max": "300000 100000\n",
        "/sys/fs/cgroup/cpu.max": "200000 100000\n",
      ], [3, 2]
    ),
    ("0::/\n", ["/sys/fs/cgroup/cpu.max": "50000 100000\n"], [0.5]),
    // Version 1, as of a container that sees its own group as the root.
    (
      "5:memory:/m\n4:cpu,cpuacct:/docker/x\n0::/\n",
      [
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      ], [2]
    ),
    (
      "4:cpu:/x\n",
      [
        "/sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "-1\n",
        "/sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000\n",
      ], []
    ),
    ("", [:], []), ("0::/a\n", [:], []), ("garbage\n", [:], []),
    ("0::/a\n", ["/sys/fs/cgroup/a/cpu.max": "1 2 3"], []),
    ("0::/a\n", ["/sys/fs/cgroup/a/cpu.max": "100000 0"], []),
  ]

  @Test(arguments: groups.indices)
  func limitsOfControlGroupsAreFound(_ index: Int) {
    let (file, limits, quotas) = Self.groups[index]
    let allowance = read(mask: "0-3", groups: file, limits: limits)
    #expect(allowance.quotas.map(\.cores) == quotas)
    #expect(Set(allowance.quotas.map(\.group)).count == quotas.count)
    #expect(allowance.count == max(1, Int(quotas.min() ?? 4)))
  }

  @Test func aSystemThatSaysNothingHasACore() {
    let allowance = CoreAllowance.current(read: { _ in nil }, identity: { _ in 0 })
    #expect(allowance.count >= 1 && allowance.threadCount >= 1 && allowance.quotas.isEmpty)
  }
}
