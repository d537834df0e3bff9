import Diagnostics
import Support

/// Runs `body` on `size` ranks that are threads of this process, without MPI, and returns what it
/// returned, in the order of the ranks: for tests of what ranks do together.
///
/// ```swift
/// let sums = withThreadRanks(3) { world in world.sum([Double(world.rank)])[0] }
/// check(sums == [3, 3, 3], "the ranks disagree: \(sums)")
/// ```
///
/// A rank makes its tensors, models and loaders itself; they belong to its thread. A rank that throws
/// ends the program, for the others would wait for it.
///
/// Stops unless there is at least one rank, and as many in all as `ranksPerHost` adds up to.
///
/// - Parameters:
///   - size: the number of ranks, each a thread; there may be more than cores.
///   - ranksPerHost: pretends that the ranks are on several hosts, with as many on each.
public func withThreadRanks<Value: Sendable>(
  _ size: Int, ranksPerHost: [Int]? = nil,
  _ body: @escaping @Sendable (any Communicator) throws -> Value
) -> [Value] {
  check(size > 0, "withThreadRanks: \(size) ranks; there must be at least one")
  let job = ThreadJob(ranksPerHost: ranksPerHost ?? [size])
  check(job.size == size, "withThreadRanks: \(size) ranks on hosts of \(ranksPerHost ?? [])")
  return withThreadRanks(of: job, body)
}

/// The same on the ranks of `job`.
package func withThreadRanks<Value: Sendable>(
  of job: ThreadJob, _ body: @escaping @Sendable (any Communicator) throws -> Value
) -> [Value] {
  let ranks = (0..<job.size).map { rank in
    RankThread {
      do { return try body(ThreadCommunicator(job, rank: rank)) } catch {
        stop("withThreadRanks: rank \(rank): \(error)")
      }
    }
  }
  return ranks.map { $0.result() }
}

/// A thread and what it computes.
private final class RankThread<Value> {
  private let thread: SystemThread?
  private let work: Work

  /// Written by the thread, and read when it has ended.
  private final class Work {
    var value: Value?
  }

  init(_ body: @escaping @Sendable () -> Value) {
    let work = Work()
    self.work = work
    thread = SystemThread("lockstep-rank") { work.value = body() }
    if thread == nil {
      stop(
        "withThreadRanks: the system refuses to start a thread; use fewer ranks, or raise the limit "
          + "(ulimit -u)", status: .system)
    }
  }

  /// Waits for the end of the thread.
  func result() -> Value {
    thread?.join()
    guard let value = work.value else { stop("withThreadRanks: a rank ended without a result") }
    return value
  }
}
