import Glibc
import Support

/// How many threads the kernels of this process use, the calling thread included.
public enum Threads {
  /// Set it before training starts; at least 1. Until it is set, it is `LOCKSTEP_NUM_THREADS`, or else
  /// this process's share of the cores: ranks of a host that may use the same cores divide them as
  /// soon as `withCommunicator` has joined them.
  public static var count: Int {
    get { ThreadTeam.shared.count }
    set { ThreadTeam.shared.choose(max(1, newValue)) }
  }

  /// The cores that the process may run on, and no more than the CPU limits of its control groups,
  /// such as its container. The hardware threads of a core count once.
  public static var availableCores: Int { CoreAllowance.current().count }

  /// Uses `count` threads unless a number was chosen, by `Threads.count` or by the environment.
  package static func take(share count: Int) { ThreadTeam.shared.take(share: max(1, count)) }

  /// The numbers that somebody may choose: more threads than any machine has cores are a mistake.
  package static let counts = 1...1024

  /// The number that the environment chooses; nil: none. Stops the program where it is not in `counts`.
  package static func chosenCount() -> Int? { Setting.threads.number(in: counts) }

  /// The number before ranks know of each other. A rank that its launcher bound to some cores is taken
  /// to have them for itself; ranks that may use the whole machine divide it.
  ///
  /// - Parameters:
  ///   - cores: how many the process may use.
  ///   - isBound: whether its mask is narrower than the machine.
  ///   - variable: the value of a variable of the environment.
  package static func defaultCount(
    cores: Int, isBound: Bool, variable: (String) -> String? = environmentVariable
  ) -> Int {
    if let chosen = Setting.threads.number(in: counts, of: variable) { return chosen }
    let ranksHere = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"].compactMap { name in
      variable(name).flatMap { Int($0) }
    }.first
    return isBound ? cores : max(1, cores / max(1, ranksHere ?? 1))
  }

  static func defaultCount() -> Int {
    if let chosen = chosenCount() { return chosen }
    let allowance = CoreAllowance.current()
    let onMachine = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    return defaultCount(cores: allowance.count, isBound: allowance.threadCount < onMachine)
  }
}

/// Calls `body` for every piece `0 ..< pieces`, spread over the threads of this process; returns
/// when all are done.
///
/// Which thread runs a piece is left to chance, so `body` must write only what belongs to its
/// piece. What a piece is must depend on the problem alone, never on the number of threads: that
/// keeps results equal.
package func parallelFor(_ pieces: Int, _ body: (_ piece: Int) -> Void) {
  if pieces <= 1 || Threads.count == 1 {
    for piece in 0..<pieces { body(piece) }
  } else {
    ThreadTeam.shared.run(pieces, body)
  }
}

/// Calls `body` on ranges of at least `grain` indices that together make `0 ..< count`. They begin at
/// multiples of `unit`: by default of 16 elements, so that no two threads write to one cache line.
///
/// For bodies whose result for an index does not depend on the range that it came in. Three quarters
/// are shared out evenly, then three quarters of the rest, and so on: few ranges, so that little is
/// read twice, and small ones at the end, so that threads that began at different times end together.
package func parallelRanges(
  _ count: Int, grain: Int, unit: Int = 16, _ body: (Range<Int>) -> Void
) {
  let threads = Threads.count
  guard threads > 1, count >= 2 * grain else {
    if count > 0 { body(0..<count) }
    return
  }
  let units = (count + unit - 1) / unit
  let smallest = max(1, (grain + unit - 1) / unit, units / (16 * threads))
  withUnsafeTemporaryAllocation(of: Int.self, capacity: units / smallest + 2) { bounds in
    var (parts, end) = (0, 0)
    bounds[0] = 0
    while end < units {
      let size = max(smallest, (units - end) * 3 / (4 * threads))
      for _ in 0..<threads where end < units {
        end += size
        if count - end * unit < smallest * unit { end = units }
        parts += 1
        bounds[parts] = end
      }
    }
    parallelFor(parts) { body(bounds[$0] * unit..<min(count, bounds[$0 + 1] * unit)) }
  }
}

/// The same for items that cost as much as `cost` elements each, and for ranges that cost as much as
/// `grain` elements at least.
package func parallelItems(
  _ count: Int, cost: Int, grain: Int = 32_768, _ body: (Range<Int>) -> Void
) {
  let cost = max(1, cost)
  parallelRanges(count, grain: (grain + cost - 1) / cost, unit: 1, body)
}
