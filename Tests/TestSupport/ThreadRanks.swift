package import Communication
import Diagnostics
import Glibc

/// Runs `body` on `size` ranks that are threads of this process; returns what it returned, in the
/// order of the ranks.
///
/// Expectations belong behind the call, on what it returned: the threads are not the test's.
///
/// - Parameters:
///   - ranksPerHost: pretends that the ranks are on several hosts, with as many on each.
///   - sharingMemory: whether ranks of one host can share memory; without it all goes by message.
///   - clock: what the ranks take for the time; nil: the machine's.
///   - messageDidArrive: called with a rank that has sent a message to other hosts, on the thread
///     that waits for it until this returns.
package func withThreadRanks<Value: Sendable>(
  _ size: Int, ranksPerHost: [Int]? = nil, sharingMemory: Bool = true,
  clock: StoppedClock? = nil,
  messageDidArrive: @escaping @Sendable (_ rank: Int) -> Void = { _ in },
  _ body: @escaping @Sendable (any Communicator) throws -> Value
) -> [Value] {
  let job = ThreadJob(
    ranksPerHost: ranksPerHost ?? [size], sharingMemory: sharingMemory,
    clock: { clock?.read(on: $0) ?? monotonicNanoseconds() }, messageDidArrive: messageDidArrive)
  check(job.size == size, "withThreadRanks: \(size) ranks on hosts of \(ranksPerHost ?? [])")
  let ranks = (0..<size).map { rank in
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
  private var thread = pthread_t()
  private let work: Work

  private final class Work {
    let body: () -> Value
    var value: Value?
    init(_ body: @escaping () -> Value) { self.body = body }
  }

  init(_ body: @escaping @Sendable () -> Value) {
    work = Work(body)
    let job: () -> Void = { [work] in work.value = work.body() }
    let status = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(Job(job)).toOpaque())
    check(status == 0, "withThreadRanks: the system refuses to start a thread (\(status))")
  }

  /// Waits for the end of the thread.
  func result() -> Value {
    pthread_join(thread, nil)
    guard let value = work.value else { stop("withThreadRanks: a rank ended without a result") }
    return value
  }
}

/// What a thread does, without the type of its result, which a C function cannot know.
private final class Job {
  let run: () -> Void
  init(_ run: @escaping () -> Void) { self.run = run }
}
